#!/usr/bin/env bash
# Turns the mechanism of a capability row off, as the row's switch in tests/rows.toml or tests/rows/ says, and expects the row's first test to go red.
#
#   tests/flip.sh --row SA-23            one row
#   tests/flip.sh --sample 2 --seed 326  some of the rows whose switch lies in a pack: no build, seconds each
#   tests/flip.sh --source 1 --seed 326  some of the rows whose switch lies in the source
#   tests/flip.sh --all                  every row
#
# A switch in the source is built in a tree of its own: for the first of a run every crate of this workspace that its test stands on and
# the test itself, for those that follow what stands on the edited file. That is minutes on two cores, most of them for the first, and
# the reason why the daily sample leaves them out; the seconds of each are said behind its row.
#
# The tree and its target folder are not touched. Tests read the packs from HUIMIN_TEST_PACKS.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
scratch=$(mktemp -d)
# Beside the target folder and not in the scratch folder, which may lie in memory: what is there already is linked, not copied.
tree=$target-flip-tree
trap 'git worktree remove --force "$tree" 2>/dev/null || true; rm -rf "$scratch" "$tree" "$target-flip"' EXIT
# The program and the tests as the suites build them; nothing when that was just done.
CARGO_TARGET_DIR=$target cargo nextest run --workspace --no-run 2>/dev/null
# One database is enough to see red.
unset HUIMIN_TEST_POSTGRES

# Fields of a row: its first test, and file, find and replace of its switch into files of the scratch folder.
read_row() {
    perl -0777 -e '
        my ($row, $folder) = @ARGV;
        my $text = "";
        for my $path ("tests/rows.toml", glob "tests/rows/*.toml") { open my $rows, "<", $path or die; $text .= <$rows>; }
        $text =~ /^\[\Q$row\E\]\n(.*?)(?=^\[(?!\Q$row\E\.)[A-Z]+-\d+[.\]]|\z)/ms or die "no row $row\n";
        my $body = $1;
        my %field;
        $body =~ /^test = \["([^"]+)"/m and $field{test} = $1;
        $body =~ /^file = "([^"]+)"/m and $field{file} = $1;
        for my $name ("find", "replace") {
            $body =~ /^$name = \x27\x27\x27\n?(.*?)\x27\x27\x27(?!\x27)/ms and $field{$name} = $1;
        }
        for my $name ("test", "file", "find", "replace") {
            defined $field{$name} or die "row $row has no $name\n";
            open my $out, ">", "$folder/$name" or die; print $out $field{$name}; close $out;
        }
    ' "$1" "$scratch"
}

# Makes the edit in a copy of the file.
edit() {
    perl -0777 -e '
        my ($path, $folder) = @ARGV;
        my %part;
        for my $name ("find", "replace") { open my $in, "<", "$folder/$name" or die; $part{$name} = <$in> // ""; }
        open my $in, "<", $path or die "$path: $!\n"; my $text = <$in>; close $in;
        my $at = index $text, $part{find};
        $at >= 0 && index($text, $part{find}, $at + 1) < 0 or die "$path: the switch does not fit once\n";
        substr $text, $at, length $part{find}, $part{replace};
        unlink $path; open my $out, ">", $path or die; print $out $text;
    ' "$1" "$scratch"
}

# Runs one test; 0 when it is green, 100 when it is red, anything else when it could not be run. With the whole workspace nothing that
# the suites have built is built again; after an edit of the source only what the test needs is.
run_test() {
    local test=$1 crate=${1%%::*}
    shift
    cargo nextest run "$@" -E "package($crate) & test(=${test#*::})" --status-level none --final-status-level none >"$scratch/log" 2>&1
}

expect_red() {
    local row=$1 test=$2 status=0 began=$SECONDS
    shift 2
    run_test "$test" "$@" || status=$?
    if [ "$status" = 100 ]; then
        echo "   $row: red, as it should be ($test; $((SECONDS - began)) s)"
    else
        tail -40 "$scratch/log"
        echo "   $row: $test is not red without its mechanism (status $status)"
        exit 1
    fi
}

flip() {
    local row=$1 file test
    read_row "$row"
    file=$(cat "$scratch/file") test=$(cat "$scratch/test")
    case $file in
    packs/*)
        rm -rf "$scratch/packs-tree"
        mkdir "$scratch/packs-tree"
        # Packs include files that lie beside them.
        for entry in "$root"/*; do
            case $entry in */packs | */target | */node_modules) ;; *) ln -s "$entry" "$scratch/packs-tree/" ;; esac
        done
        cp -r "$root/packs" "$scratch/packs-tree/packs"
        edit "$scratch/packs-tree/$file"
        # A rule that is turned off may contradict the packs' own cases, and should; anything else wrong would prove nothing.
        (cd "$scratch/packs-tree" && "$target/debug/huimin" check-pack --synthetic packs/national packs/wuhai packs/demo-wuhai) >"$scratch/log" 2>&1 ||
            { ! grep ' 错误：' "$scratch/log" | grep -v ' 错误：例子 '; } ||
            { echo "   $row: the packs are wrong with this switch, which proves nothing"; exit 1; }
        HUIMIN_TEST_ROW=$row HUIMIN_TEST_PACKS=$scratch/packs-tree/packs expect_red "$row" "$test" --workspace
        ;;
    *)
        if [ -z "$planted" ]; then
            planted=yes
            # What a run that was killed may have left.
            git worktree remove --force "$tree" 2>/dev/null || true
            rm -rf "$tree" "$target-flip"
            git worktree add --quiet --force --detach "$tree" HEAD
            for made in web/dist web/fonts node_modules; do
                [ ! -e "$root/$made" ] || cp -al "$root/$made" "$tree/$made"
            done
            cp -al "$target" "$target-flip"
            # A lock of its own: a linked one would wait for other builds.
            for lock in "$target-flip"/*/.cargo-lock; do cp "$lock" "$lock.own" && mv "$lock.own" "$lock"; done
        fi
        edit "$tree/$file"
        (cd "$tree" && CARGO_TARGET_DIR=$target-flip expect_red "$row" "$test" -p "${test%%::*}")
        git -C "$tree" checkout --quiet -- "$file"
        ;;
    esac
}

rows() { perl -ne 'print "$1\n" if /^\[([A-Z]+-\d+)\]$/' tests/rows.toml tests/rows/*.toml; }
# Rows whose switch lies in a folder.
lying_in() { for row in $(rows); do read_row "$row" && grep -q "^$1/" "$scratch/file" && echo "$row"; done; true; }
# So many of them, others for each seed.
draw() {
    local many=$2 all
    [ "$many" -gt 0 ] || return 0
    mapfile -t all < <(lying_in "$1")
    for ((i = 0; i < many; i++)); do
        chosen+=("${all[$(((10#$seed * many + i) % ${#all[@]}))]}")
    done
}

chosen=() sample=0 source=0 seed=0 planted=
while [ $# -gt 0 ]; do
    case $1 in
    --row) chosen+=("$2"); shift 2 ;;
    --sample) sample=$2; shift 2 ;;
    --source) source=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --all) mapfile -t chosen < <(rows); shift ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
    esac
done
draw packs "$sample"
# The copy of the source is a worktree of git's; an unpacked archive has none.
if [ "$source" -gt 0 ] && ! git rev-parse --git-dir >/dev/null 2>&1; then
    echo "   not a git checkout: no switch in the source is turned"
    source=0
fi
draw crates "$source"
[ ${#chosen[@]} -gt 0 ] || { sed -n '2,12p' "$0"; exit 2; }
for row in "${chosen[@]}"; do flip "$row"; done

//! What these crates say to people is punctuated as Chinese is. A half-width mark beside a Chinese character in a text of
//! the sources is a slip; where one is meant (a CSV header, an expression), the line says so with `half-width`.

use std::path::Path;

/// The texts in quotes of a Rust source, comments left out, each with its line.
fn texts(source: &str) -> Vec<(usize, String)> {
    let letters: Vec<char> = source.chars().collect();
    let (mut found, mut line, mut at) = (Vec::new(), 1, 0);
    while at < letters.len() {
        match letters[at] {
            '\n' => line += 1,
            '/' if letters.get(at + 1) == Some(&'/') => {
                while letters.get(at + 1).is_some_and(|letter| *letter != '\n') {
                    at += 1;
                }
            }
            // A character such as '"' is no text.
            '\'' if letters.get(at + 1) == Some(&'\\') => at += 3,
            '\'' if letters.get(at + 2) == Some(&'\'') => at += 2,
            '"' => {
                let (first, mut text) = (line, String::new());
                at += 1;
                while letters.get(at).is_some_and(|letter| *letter != '"') {
                    if letters[at] == '\\' {
                        at += 1;
                    }
                    line += usize::from(letters[at] == '\n');
                    text.push(letters[at]);
                    at += 1;
                }
                found.push((first, text));
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn is_chinese(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter) || "“”「」《》、。，；：？！（）".contains(letter)
}

/// The first half-width mark beside a Chinese character.
fn slip(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    let beside = |at: usize| {
        let before = at.checked_sub(1).map(|before| letters[before]);
        // A call such as count(members.*) may stand before Chinese.
        let after = letters.get(at + 1).copied().filter(|_| letters[at] != ')');
        [before, after].into_iter().flatten().any(is_chinese)
    };
    let at = (0..letters.len()).find(|at| ",;:?!()".contains(letters[*at]) && beside(*at))?;
    Some(letters[at.saturating_sub(8)..(at + 9).min(letters.len())].iter().collect())
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn messages_are_punctuated_as_chinese_is() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for name in ["rules", "catalogue", "columns"] {
        sources(&crates.join(name).join("src"), &mut files);
    }
    assert!(files.len() > 60, "only {} sources were found", files.len());
    let (mut slips, mut read) = (Vec::new(), 0);
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source is text");
        let lines: Vec<&str> = source.lines().collect();
        for (line, text) in texts(&source) {
            read += usize::from(text.chars().any(is_chinese));
            if let Some(slip) = slip(&text).filter(|_| !lines[line - 1].contains("half-width")) {
                slips.push(format!("{}:{line} …{slip}…", file.display()));
            }
        }
    }
    assert!(read > 300, "only {read} Chinese texts were read");
    assert!(slips.is_empty(), "{}", slips.join("\n"));
}

#[test]
fn titles_of_the_national_pack_are_punctuated_as_chinese_is() {
    let release = crate::city();
    let mut slips = Vec::new();
    for pack in &release.packs {
        for (path, text) in pack.files.files.iter().filter(|(path, _)| path.ends_with(".toml")) {
            for (index, line) in text.lines().enumerate() {
                let said =
                    ["title", "help", "label", "text", "remedy", "question", "summary", "note", "when_not"];
                let speaks = said.iter().any(|key| line.starts_with(&format!("{key} = \"")));
                if let Some(slip) = slip(line).filter(|_| speaks) {
                    slips.push(format!("{path}:{} …{slip}…", index + 1));
                }
            }
        }
    }
    assert!(slips.is_empty(), "{}", slips.join("\n"));
}

#[test]
fn a_slip_is_seen() {
    assert!(slip("参数没有值,用到它的结果会是未知").is_some());
    assert!(slip("写作 count(members.*)，如此").is_none());
    assert_eq!(texts("x // \"不是,\"\nlet a = \"是,\"; '\"'"), [(2, "是,".to_owned())]);
}

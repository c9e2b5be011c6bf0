use columns::{Draft, Snapshot};
use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let out = std::env::args().nth(2).unwrap();
    let t = Instant::now();
    let old = Snapshot::open(path.as_ref()).unwrap();
    println!("open {:?} roots {}", t.elapsed(), old.rows(0));
    let t = Instant::now();
    let mut draft = Draft::new(old.schema().clone(), &rules::Shapes::default(), old.as_of());
    let numbered = draft.renumber(&old).unwrap();
    let n = old.rows(0);
    let step = n / 10_000;
    let mut at = 0;
    for i in 0..10_000 {
        draft.copy(&old, &numbered, at..i * step).unwrap();
        draft.copy(&old, &numbered, i * step..i * step + 1).unwrap();
        at = i * step + 1;
    }
    draft.copy(&old, &numbered, at..n).unwrap();
    println!("copy {:?}", t.elapsed());
    let t = Instant::now();
    draft.write(out.as_ref()).unwrap();
    println!("write {:?}", t.elapsed());
    let t = Instant::now();
    let new = Snapshot::open(out.as_ref()).unwrap();
    println!("open {:?} {}", t.elapsed(), new.rows(0));
}

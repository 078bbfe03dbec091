//! Writes the tokens of the check that is named as a dictionary of libFuzzer's.

fn main() {
    let name = std::env::args().nth(1).expect("the name of a check");
    for token in nskit_fuzz::checks::named(&name).tokens {
        let bytes = token.bytes().map(|byte| match byte {
            b' '..=b'~' if !matches!(byte, b'"' | b'\\') => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        });
        println!("\"{}\"", bytes.collect::<String>());
    }
}

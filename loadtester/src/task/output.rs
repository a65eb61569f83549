//! What a task printed: the beginning and the end of it, however much it is.

use std::{collections::VecDeque, fmt};

/// Bytes that are kept of the beginning, and as many of the end.
const MOST: usize = 32 * 1024;

/// The output of a process, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    first: Vec<u8>,
    last: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    /// Adds what was printed next.
    pub fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(MOST - self.first.len()));
        self.first.extend(first);
        self.last.extend(rest);
        let excess = self.last.len().saturating_sub(MOST);
        self.last.drain(..excess);
        self.left_out += excess as u64;
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.first.clone();
        if self.left_out > 0 {
            bytes.extend(format!("\n… {} bytes are left out …\n", self.left_out).bytes());
        }
        bytes.extend(&self.last);
        f.write_str(&String::from_utf8_lossy(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_output_is_whole_also_where_a_letter_is_cut() {
        let mut output = Output::default();
        "größer".as_bytes().chunks(1).for_each(|byte| output.add(byte));
        assert_eq!(output.to_string(), "größer");
    }

    #[test]
    fn of_a_long_output_the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
        let mut output = Output::default();
        for line in 0..100_000 {
            output.add(format!("line {line:05}\n").as_bytes());
        }
        let text = output.to_string();
        assert!(text.starts_with("line 00000\n") && text.ends_with("line 99999\n"));
        let left_out = 100_000 * 11 - 2 * MOST;
        assert!(text.contains(&format!("\n… {left_out} bytes are left out …\n")));
        assert!(text.len() < 2 * MOST + 100, "{}", text.len());
    }
}

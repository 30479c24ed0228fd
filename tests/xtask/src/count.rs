//! Reads how many tests ran out of what a test runner printed (nextest's summary, libtest's closing lines).

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Count {
    /// One check that is no test by itself, such as `fmt`.
    pub(crate) fn check(ok: bool) -> Self {
        Self {
            passed: usize::from(ok),
            failed: usize::from(!ok),
        }
    }

    pub(crate) fn total(self) -> usize {
        self.passed + self.failed
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Sums all closing lines in `text`. A run that failed without one (it did not compile) counts one failure.
pub(crate) fn read(text: &str, ok: bool) -> Count {
    let mut sum = Count::default();
    for line in text.lines() {
        if let Some(count) = libtest(line).or_else(|| nextest(line)) {
            sum += count;
        }
    }
    if !ok && sum.failed == 0 {
        sum.failed = 1;
    }
    sum
}

/// `test result: ok. 5 passed; 0 failed; 0 ignored; ...`
fn libtest(line: &str) -> Option<Count> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    let (_, figures) = rest.split_once(". ")?;
    Some(Count {
        passed: figure(figures, " passed")?,
        failed: figure(figures, " failed")?,
    })
}

/// `Summary [   0.005s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped`; what ran and did not pass failed.
fn nextest(line: &str) -> Option<Count> {
    let rest = line.trim_start().strip_prefix("Summary [")?;
    let (_, rest) = rest.split_once("] ")?;
    let (ran, figures) = rest.split_once(" run: ")?;
    // Interrupted runs print `5/12 tests run`: the first figure is what ran.
    let ran = ran.split([' ', '/']).next()?.parse::<usize>().ok()?;
    let passed = figure(figures, " passed").unwrap_or(0);
    Some(Count {
        passed,
        failed: ran.saturating_sub(passed),
    })
}

/// The number that stands right before `word`.
fn figure(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    before
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_libtest_lines() {
        let text = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured\n\
                    noise\n\
                    test result: FAILED. 2 passed; 3 failed; 0 ignored";
        assert_eq!(
            read(text, false),
            Count {
                passed: 7,
                failed: 3
            }
        );
    }

    #[test]
    fn reads_nextest_summaries() {
        let clean = "     Summary [   0.005s] 12 tests run: 12 passed, 3 skipped";
        assert_eq!(
            read(clean, true),
            Count {
                passed: 12,
                failed: 0
            }
        );
        let mixed =
            "Summary [ 1.2s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 3 skipped";
        assert_eq!(
            read(mixed, false),
            Count {
                passed: 9,
                failed: 3
            }
        );
        let one = "Summary [ 1.2s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(
            read(one, true),
            Count {
                passed: 1,
                failed: 0
            }
        );
    }

    #[test]
    fn a_run_that_did_not_compile_is_one_failure() {
        assert_eq!(
            read("error[E0308]: mismatched types", false),
            Count {
                passed: 0,
                failed: 1
            }
        );
    }
}

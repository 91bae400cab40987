//! What next: a pure function from the steps, the state and what was heard to the state after it, the entries of the
//! log and what the plan is told. No I/O, no clock, no dice of its own.

use crate::{
    heard::{Entry, Heard, Rules, Told, Turn},
    state::{Direction, State, Status},
    step::{Answer, Outcome, Refusal, Step, Then},
};
use ambient::Timestamp;

/// Unknown outcomes beyond this many in a row are not written to the log one by one: it would grow for nothing.
const UNKNOWNS_LOGGED: i64 = 16;

/// The cause of a saga that was parked because an outcome stayed unknown too long.
pub const NO_ANSWER: &str = "NO_ANSWER";

/// What next.
pub fn decide(rules: &Rules<'_>, state: &State, heard: Heard, now: Timestamp) -> Turn {
    let mut turn = Turn { after: state.clone(), entries: Vec::with_capacity(2), told: Vec::with_capacity(1) };
    turn.after.wake_at = None;
    match heard {
        Heard::Outcome(outcome) if state.direction == Direction::Forward => turn.forward(rules, outcome, now),
        Heard::Outcome(outcome) => turn.backward(rules, outcome, now),
        Heard::Wish { cause, reason, actor } => turn.wish(rules, state, cause, reason, actor, now),
        Heard::Retry { actor, note } => turn.retry(rules, actor, note, now),
        Heard::Proven => turn.proven(rules),
        Heard::Forsaken { cause, reason } => turn.park(rules, cause, reason),
        Heard::Finished => {
            turn.log(rules, "finished", "");
            turn.after.status = Status::Done;
            turn.after.fence += 1;
        }
    }
    turn
}

impl Turn {
    fn step(&self, rules: &Rules<'_>) -> &'static str {
        rules.steps[self.after.step].name
    }

    fn log(&mut self, rules: &Rules<'_>, entry: &'static str, detail: impl Into<String>) {
        self.after.seq += 1;
        self.entries.push(Entry {
            seq: self.after.seq,
            direction: self.after.direction,
            step: self.step(rules),
            attempt: self.after.attempt,
            entry,
            detail: detail.into(),
        });
    }

    /// Makes (direction, step, attempt) the present one; it is logged here, before its call (I5).
    fn begin(&mut self, rules: &Rules<'_>, direction: Direction, step: usize, attempt: i64) {
        let after = &mut self.after;
        if (after.direction, after.step) != (direction, step) {
            (after.tries, after.refused_at) = (0, None);
        }
        (after.direction, after.step, after.attempt, after.unknown_at) = (direction, step, attempt, None);
        after.status = Status::Running;
        if direction == Direction::Forward {
            after.reached = after.reached.max(step);
        }
        self.log(rules, "begun", "");
    }

    fn forward(&mut self, rules: &Rules<'_>, outcome: Outcome, now: Timestamp) {
        match outcome {
            Outcome::Done { output } => {
                self.log(rules, "done", output.clone());
                self.told.push(Told::Stepped { step: self.step(rules), output });
                match self.after.wish.take() {
                    Some(cause) => self.turn_round(rules, cause, String::new(), String::new()),
                    None => self.next(rules),
                }
            }
            Outcome::Refused { cause, reason } => {
                self.log(rules, "refused", cause.clone());
                match self.after.wish.take() {
                    Some(wish) => self.turn_round(rules, wish, String::new(), String::new()),
                    None => self.refused(rules, cause, reason, now),
                }
            }
            Outcome::Unknown { reason } => {
                let since = *self.after.unknown_at.get_or_insert(now);
                self.again(rules, &reason, now);
                if let Some(wish) = self.after.wish.take() {
                    self.turn_round(rules, wish, String::new(), String::new());
                } else if rules.patience.is_some_and(|patience| now.since(since) >= patience) {
                    self.park(rules, NO_ANSWER.into(), reason);
                }
            }
        }
    }

    fn backward(&mut self, rules: &Rules<'_>, outcome: Outcome, now: Timestamp) {
        match outcome {
            Outcome::Done { output } => {
                self.log(rules, "done", output.clone());
                self.told.push(Told::Undone { step: self.step(rules), output });
                match undoable(rules.steps, self.after.step) {
                    Some(step) => self.begin(rules, Direction::Undo, step, 0),
                    None => self.unwound(rules),
                }
            }
            Outcome::Refused { cause, .. } if rules.stands && self.after.step + 1 == rules.steps.len() => {
                self.log(rules, "refused", cause);
                self.told.push(Told::Stood { step: self.step(rules) });
                self.stand(rules, "stood");
            }
            Outcome::Refused { cause, reason } => {
                self.log(rules, "refused", cause.clone());
                self.park(rules, cause, reason);
            }
            Outcome::Unknown { reason } => self.again(rules, &reason, now),
        }
    }

    /// The same attempt once more, after a pause.
    fn again(&mut self, rules: &Rules<'_>, reason: &str, now: Timestamp) {
        if self.after.tries < UNKNOWNS_LOGGED {
            self.log(rules, "unknown", reason);
        } else {
            self.after.seq += 1;
        }
        self.pause(rules, now);
    }

    fn pause(&mut self, rules: &Rules<'_>, now: Timestamp) {
        self.after.tries += 1;
        self.after.wake_at = Some(now.plus(rules.pause.backoff.after(self.after.tries, rules.pause.dice)));
    }

    fn refused(&mut self, rules: &Rules<'_>, cause: String, reason: String, now: Timestamp) {
        let since = *self.after.refused_at.get_or_insert(now);
        let refusal = Refusal { step: self.step(rules), cause, since, now };
        match (rules.answer)(&refusal) {
            Answer::Undo => self.turn_round(rules, refusal.cause, reason, String::new()),
            Answer::Retry { until } => {
                self.begin(rules, Direction::Forward, self.after.step, self.after.attempt + 1);
                self.pause(rules, now);
                self.after.wake_at = self.after.wake_at.min(Some(until.max(now)));
            }
            Answer::Park => self.park(rules, refusal.cause, reason),
            Answer::End => {
                self.after.status = Status::Done;
                self.told.push(Told::Ended { step: refusal.step, cause: refusal.cause, reason });
            }
        }
    }

    fn park(&mut self, rules: &Rules<'_>, cause: String, reason: String) {
        self.log(rules, "parked", cause.clone());
        self.after.wake_at = None;
        self.after.status = Status::Parked;
        self.told.push(Told::Parked { step: self.step(rules), cause, reason });
    }

    fn next(&mut self, rules: &Rules<'_>) {
        let next = self.after.step + 1;
        if next < rules.steps.len() {
            return self.begin(rules, Direction::Forward, next, 1);
        }
        (self.after.tries, self.after.refused_at, self.after.unknown_at) = (0, None, None);
        match rules.then {
            Then::Wait => self.after.status = Status::Waiting,
            Then::Finish => {
                self.after.status = Status::Done;
                self.told.push(Told::Finished);
            }
        }
    }

    /// From here on back. The present step is undone as well: whatever became of it.
    fn turn_round(&mut self, rules: &Rules<'_>, cause: String, reason: String, actor: String) {
        let at = self.step(rules);
        let first = undoable(rules.steps, self.after.reached + 1);
        self.after.wake_at = None;
        self.after.wish = None;
        self.after.cause = Some(cause.clone());
        self.told.push(Told::Undoing { first: first.map(|step| rules.steps[step].name), at, cause, reason, actor });
        match first {
            Some(step) => self.begin(rules, Direction::Undo, step, 0),
            None => self.unwound(rules),
        }
    }

    fn unwound(&mut self, rules: &Rules<'_>) {
        self.after.status = Status::Done;
        let cause = self.after.cause.clone().unwrap_or_default();
        self.told.push(Told::Unwound { reached: rules.steps[self.after.reached].name, cause });
    }

    fn wish(
        &mut self,
        rules: &Rules<'_>,
        before: &State,
        cause: String,
        reason: String,
        actor: String,
        now: Timestamp,
    ) {
        match (before.status, before.direction) {
            (Status::Done, _) => {}
            (Status::Running, Direction::Forward) if before.driven() => {
                self.log(rules, "wish", cause.clone());
                self.after.wish = Some(cause);
            }
            (_, Direction::Forward) => {
                self.log(rules, "wish", cause.clone());
                self.turn_round(rules, cause, reason, actor);
                self.take_over(now);
            }
            (Status::Parked, Direction::Undo) => self.retry(rules, actor, reason, now),
            (Status::Running | Status::Waiting, Direction::Undo) => self.after.wake_at = before.wake_at,
        }
    }

    /// A refused step gets a new attempt, an unanswered one the same again.
    fn retry(&mut self, rules: &Rules<'_>, actor: String, note: String, now: Timestamp) {
        self.log(rules, "resumed", actor.clone());
        let State { direction, step, attempt, .. } = self.after;
        self.told.push(Told::Resumed { step: self.step(rules), direction, actor, note });
        (self.after.tries, self.after.refused_at) = (0, None);
        if direction == Direction::Forward && self.after.unknown_at.take().is_none() {
            self.begin(rules, direction, step, attempt + 1);
        }
        self.after.status = Status::Running;
        self.take_over(now);
    }

    fn proven(&mut self, rules: &Rules<'_>) {
        self.after.step = rules.steps.len() - 1;
        self.after.reached = self.after.step;
        self.stand(rules, "proven");
        self.after.fence += 1;
    }

    /// The last step stands: forward again, and whatever was wished is decided.
    fn stand(&mut self, rules: &Rules<'_>, entry: &'static str) {
        self.after.direction = Direction::Forward;
        self.log(rules, entry, "");
        (self.after.wish, self.after.cause) = (None, None);
        self.next(rules);
    }

    /// Whoever holds it loses it; it is due at once.
    fn take_over(&mut self, now: Timestamp) {
        if self.after.status == Status::Running {
            self.after.fence += 1;
            self.after.wake_at = Some(now);
        }
    }
}

/// The last step before `before` that has an undo.
fn undoable(steps: &[Step], before: usize) -> Option<usize> {
    steps[..before].iter().rposition(|step| step.undo)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;

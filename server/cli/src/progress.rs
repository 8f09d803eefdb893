//! A progress bar on stderr, only where a person watches, and only when it takes long.

use asyncwise_workspace::session::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Shorter runs show nothing: a bar that flashes up is noise.
const PATIENCE: Duration = Duration::from_millis(700);

/// The bar, hidden until the patience is over.
pub(crate) struct Bar {
    bar: ProgressBar,
    begun: Instant,
    shown: Mutex<bool>,
}

impl Bar {
    /// For a run that begins now.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, begun: Instant::now(), shown: Mutex::new(false) }
    }

    /// Takes it off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show_when_it_takes_long(&self) {
        if self.begun.elapsed() < PATIENCE {
            return;
        }
        if let Ok(mut shown) = self.shown.lock()
            && !*shown
        {
            *shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }
}

impl Progress for Bar {
    fn begin(&self, what: &'static str, steps: Option<usize>) {
        let template = match steps {
            Some(_) => "{spinner} {msg} {wide_bar} {pos}/{len}",
            None => "{spinner} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_position(0);
        if let Some(steps) = steps {
            self.bar.set_length(steps as u64);
        }
        self.bar.set_message(what);
        self.show_when_it_takes_long();
    }

    fn step(&self) {
        self.bar.inc(1);
        self.show_when_it_takes_long();
    }
}

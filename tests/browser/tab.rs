//! A browser for one test, and a tab in it that records its console and its requests.

use std::{
    env,
    ffi::OsStr,
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use headless_chrome::{
    Browser, LaunchOptions, Tab,
    protocol::cdp::{
        Emulation::{MediaFeature, SetDeviceMetricsOverride, SetEmulatedMedia},
        Log, Network, Runtime,
        types::Event,
    },
    util::Wait,
};
use serde_json::Value;

/// A page that is open.
pub(crate) struct Open {
    _browser: Browser,
    tab: Arc<Tab>,
    said: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Removed after the browser has ended.
    _turn: Turn,
}

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The number of browsers at a time. More of them only wait for each other, and one that waits too long for its first
/// tab fails.
const MOST_OPEN: usize = 3;
static OPEN: Mutex<usize> = Mutex::new(0);
static CLOSED: Condvar = Condvar::new();

/// The permit to have a browser open.
struct Turn;

impl Turn {
    fn take() -> Self {
        let free = CLOSED.wait_while(Self::lock(), |open| *open >= MOST_OPEN);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }

    fn lock() -> MutexGuard<'static, usize> {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *Self::lock() -= 1;
        CLOSED.notify_one();
    }
}

/// The browser's program; `None` if there is none.
fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROME") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    found.into_iter().find(|file| file.is_file())
}

impl Open {
    /// Opens a page in a browser of its own; `None` without a browser.
    ///
    /// # Panics
    /// Without a browser if `CI` is `true`.
    pub(crate) fn page(url: &str) -> Option<Self> {
        let Some(program) = program() else {
            assert!(env::var("CI").as_deref() != Ok("true"), "SKIPPED: no chromium on PATH");
            // Not with a macro, whose output the harness would capture.
            let word =
                "SKIPPED: no chromium on PATH (or in $CHROME): reports were not looked at in a browser\n";
            std::io::stderr().write_all(word.as_bytes()).unwrap();
            return None;
        };
        let options = LaunchOptions::default_builder()
            .path(Some(program))
            // A browser that root starts has no sandbox.
            .sandbox(false)
            .args(vec![OsStr::new("--disable-dev-shm-usage")])
            .build()
            .unwrap();
        let turn = Turn::take();
        let browser = Browser::new(options).unwrap();
        let tab = browser.new_tab().unwrap();
        let (said, asked) = (Arc::default(), Arc::default());
        listen(&tab, &said, &asked);
        tab.navigate_to(url).unwrap().wait_until_navigated().unwrap();
        Some(Self { _browser: browser, tab, said, asked, _turn: turn })
    }

    /// The value of an expression, as JSON.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let answer = self.tab.evaluate(&format!("JSON.stringify({expression})"), false).unwrap();
        let text = answer.value.unwrap_or_else(|| panic!("no value: {expression}: {:?}", answer.description));
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    }

    /// Goes to another page, and waits until an expression is true there.
    pub(crate) fn go(&self, url: &str, until: &str) {
        self.tab.navigate_to(url).unwrap();
        self.wait(until);
    }

    /// Runs a script, and waits until an expression is true, also where that is on the next page.
    pub(crate) fn act(&self, script: &str, until: &str) {
        self.tab.evaluate(script, false).unwrap();
        self.wait(until);
    }

    fn wait(&self, until: &str) {
        // Between two pages there is nothing to evaluate in.
        let is_true = || self.tab.evaluate(until, false).ok()?.value?.as_bool()?.then_some(());
        Wait::with_timeout(PATIENCE)
            .until(is_true)
            .unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {until}"));
    }

    /// Sets the width of the screen.
    pub(crate) fn be_wide(&self, width: u32) {
        let metrics = SetDeviceMetricsOverride {
            width,
            height: 800,
            device_scale_factor: 1.0,
            mobile: width < 600,
            scale: None,
            screen_width: None,
            screen_height: None,
            position_x: None,
            position_y: None,
            dont_set_visible_size: None,
            screen_orientation: None,
            viewport: None,
            display_feature: None,
            device_posture: None,
        };
        self.tab.call_method(metrics).unwrap();
    }

    /// Emulates a preference for `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) {
        let feature = MediaFeature { name: "prefers-color-scheme".into(), value: scheme.into() };
        self.tab.call_method(SetEmulatedMedia { media: None, features: Some(vec![feature]) }).unwrap();
    }

    /// Everything in the console, including errors and violations of the page's own policy.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// Every address that was requested.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn listen(tab: &Tab, said: &Arc<Mutex<Vec<String>>>, asked: &Arc<Mutex<Vec<String>>>) {
    tab.call_method(Runtime::Enable(None)).unwrap();
    tab.call_method(Log::Enable(None)).unwrap();
    tab.call_method(Network::Enable {
        max_total_buffer_size: None,
        max_resource_buffer_size: None,
        max_post_data_size: None,
        report_direct_socket_traffic: None,
        enable_durable_messages: None,
    })
    .unwrap();
    let (said, asked) = (Arc::clone(said), Arc::clone(asked));
    tab.add_event_listener(Arc::new(move |event: &Event| {
        if let Event::LogEntryAdded(entry) = event {
            said.lock().unwrap().push(entry.params.entry.text.clone());
        }
        if let Event::RuntimeConsoleAPICalled(call) = event {
            said.lock().unwrap().push(format!("{:?}", call.params.args));
        }
        if let Event::RuntimeExceptionThrown(thrown) = event {
            said.lock().unwrap().push(thrown.params.exception_details.text.clone());
        }
        if let Event::NetworkRequestWillBeSent(request) = event {
            asked.lock().unwrap().push(request.params.request.url.clone());
        }
    }))
    .unwrap();
}

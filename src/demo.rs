//! `tocsin demo`: a simulated city whose agencies deliver day by day, in
//! accelerated time, to an engine that runs on it as on a real one; and
//! `tocsin simulate`, which only writes the deliveries.

use crate::cli::{Demo, Simulate};
use crate::config::Settings;
use crate::pipeline::{Options, Pipeline};
use crate::run::{self, Live};
use crate::serve::Request;
use crate::sinks::Sinks;
use anyhow::{Context, Result, bail};
use include_dir::{Dir, include_dir};
use std::collections::HashMap;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tocsin_testdata::{City, CityParams, pack_city, write_city, write_truth};
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

/// The simulated city's sources, features, word lists and model.
static CITY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/testdata/city");

/// The city's configuration.
const CONFIG: &str = "tocsin.toml";
/// The city's first day.
const START: jiff::civil::Date = jiff::civil::date(2024, 1, 1);
/// What the city was made with: another city needs another state directory.
const NOTE: &str = "city.txt";
/// The city's scorecard.
const MODEL: &str = "model.json";
/// What the enterprises really are, beside the landing.
const TRUTH: &str = "truth.csv";
/// The last day that was delivered whole, beside the clock.
const DELIVERED: &str = "delivered";
/// How often the engine looks for deliveries.
const POLL: Duration = Duration::from_millis(20);

/// Writes an embedded configuration below `folder`, replacing what is there.
///
/// # Errors
/// When the disk refuses.
pub fn write_config(embedded: &Dir<'_>, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("folder `{}`", folder.display()))?;
    for entry in embedded.dirs() {
        fs::create_dir_all(folder.join(entry.path()))?;
        write_config(entry, folder)?;
    }
    for file in embedded.files() {
        fs::write(folder.join(file.path()), file.contents())?;
    }
    Ok(folder.join(CONFIG))
}

/// Writes the deliveries of a city, each file from where it was left: a day that
/// was half written when the process was killed is completed, never doubled.
struct Deliveries {
    city: City,
    root: PathBuf,
    sizes: HashMap<String, u64>,
    next: jiff::civil::Date,
    end: jiff::civil::Date,
}

impl Deliveries {
    /// Goes on after the last whole day below `root`.
    fn resume(params: CityParams, root: &Path) -> Result<Deliveries> {
        let start = params.start;
        let end = start.checked_add(jiff::Span::new().months(params.months))?;
        let clock = root.join("clock");
        if !clock.exists() {
            replace(&clock, format!("{start}T00:00:00+08:00\n"))?;
        }
        let written = fs::read_to_string(root.join(DELIVERED)).ok();
        let written = written.and_then(|text| text.get(..10)?.parse::<jiff::civil::Date>().ok());
        let mut deliveries = Deliveries {
            city: City::new(&params)?,
            root: root.to_path_buf(),
            sizes: HashMap::new(),
            next: start,
            end,
        };
        while written.is_some_and(|written| deliveries.next <= written) {
            for delivery in deliveries.city.day(deliveries.next)? {
                *deliveries.sizes.entry(delivery.path).or_default() += delivery.bytes.len() as u64;
            }
            deliveries.next = deliveries.next.tomorrow()?;
        }
        Ok(deliveries)
    }

    /// Writes the next day; false when the city's time is over.
    fn write_day(&mut self) -> Result<bool> {
        if self.next >= self.end {
            return Ok(false);
        }
        // The clock first: what a day delivers arrives on that day.
        replace(
            &self.root.join("clock"),
            format!("{}T18:00:00+08:00\n", self.next),
        )?;
        for delivery in self.city.day(self.next)? {
            let path = self.root.join(&delivery.path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            if delivery.whole {
                replace(&path, &delivery.bytes)?;
                continue;
            }
            let size = self.sizes.entry(delivery.path).or_default();
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            file.seek(SeekFrom::Start(*size))?;
            file.write_all(&delivery.bytes)?;
            *size += delivery.bytes.len() as u64;
        }
        replace(&self.root.join(DELIVERED), format!("{}\n", self.next))?;
        self.next = self.next.tomorrow()?;
        Ok(true)
    }
}

/// Replaces a file's text in one step.
fn replace(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let next = path.with_extension("next");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&next, text)?;
    fs::rename(next, path)?;
    Ok(())
}

fn params(enterprises: u32, months: u32, seed: u64, schemes: u32) -> CityParams {
    CityParams {
        enterprises,
        seed,
        start: START,
        months,
        schemes_per_100k: schemes,
        ..CityParams::default()
    }
}

fn check_speed(days_per_second: f64) -> Result<()> {
    if !(days_per_second > 0.0 && days_per_second <= 1_000.0) {
        bail!("--days-per-second {days_per_second}: allowed are numbers above 0 and up to 1000");
    }
    Ok(())
}

/// Writes what the enterprises really are beside the landing, never inside.
fn write_truth_below(folder: &Path, params: &CityParams) -> Result<()> {
    let mut truth = std::io::BufWriter::new(fs::File::create(folder.join(TRUTH))?);
    write_truth(&mut truth, params)?;
    truth.flush()?;
    Ok(())
}

/// `tocsin simulate`: a city's deliveries beside the configuration that reads
/// them, all at once or day by day.
///
/// # Errors
/// When the disk refuses.
pub fn simulate(args: &Simulate, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let params = CityParams {
        dirt: args.dirt,
        ..params(args.enterprises, args.months, args.seed, args.schemes)
    };
    let landing = args.out.join("landing");
    // Before anything is written: another city's truth must not replace this one's.
    if args.arrivals {
        check_speed(args.days_per_second)?;
        check_same_city(&args.out, &params)?;
    } else if landing.exists() {
        bail!(
            "`{}` is there already: remove it, or name another --out",
            landing.display()
        );
    }
    let config = write_config(&CITY, &args.out)?;
    write_truth_below(&args.out, &params)?;
    if args.arrivals {
        let deliveries = Deliveries::resume(params, &landing)?;
        say!(
            "from {} at {} days a second; read them with: tocsin run --config {}",
            deliveries.next,
            args.days_per_second,
            config.display()
        );
        let stop = run::stop_on_signal(runtime);
        return play(deliveries, args.days_per_second, None, &stop);
    }
    all_at_once(args, &params, &landing, &config)
}

fn all_at_once(args: &Simulate, params: &CityParams, landing: &Path, config: &Path) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let stats = write_city(landing, params, threads, |stats| {
        say!(
            "month {} of {}: {} records",
            stats.months,
            args.months,
            stats.rows
        );
    })?;
    let saved = args
        .compress
        .map_or(Ok(0), |from| pack_city(landing, from))?;
    let months = jiff::Span::new().months(params.months);
    let last = params.start.checked_add(months)?.yesterday()?;
    replace(&landing.join("clock"), format!("{last}T18:00:00+08:00\n"))?;
    say!(
        "{} records in {} files, {} bytes; run on them with: tocsin run --once --config {}",
        stats.rows,
        stats.files,
        stats.bytes - saved,
        config.display()
    );
    Ok(())
}

/// `tocsin demo`.
///
/// # Errors
/// When the state cannot be opened, the address is in use, or an epoch fails.
pub fn demo(args: &Demo, runtime: &tokio::runtime::Runtime) -> Result<()> {
    check_speed(args.days_per_second)?;
    let folder = args.data.join("city");
    let params = params(args.enterprises, args.months, args.seed, args.schemes);
    check_same_city(&args.data, &params)?;
    // What somebody has changed there since is theirs.
    let mut config = folder.join(CONFIG);
    if !config.exists() {
        config = write_config(&CITY, &folder)?;
    }
    if let Some(model) = &args.model {
        fs::copy(model, folder.join(MODEL)).with_context(|| format!("`{}`", model.display()))?;
    }
    let settings = Settings::read(&config)
        .map_err(|faults| anyhow::anyhow!("the city's configuration: {faults:?}"))?;
    write_truth_below(&folder, &params)?;
    let deliveries = Deliveries::resume(params, &folder.join("landing"))?;
    let options = Options {
        data: args.data.clone(),
        workers: 2,
        fsync: true,
    };
    let mut pipeline = Pipeline::open(Arc::new(settings), options, runtime.handle().clone())?;
    let stop = run::stop_on_signal(runtime);
    let (sender, requests) = run::request_channel();
    let engine = Engine {
        landing: Arc::default(),
        requests: sender.clone(),
    };
    let landing = Arc::clone(&engine.landing);
    let (at, server) = run::start_server(runtime, pipeline.view(), sender, &args.listen, &stop)?;
    let printer = runtime.spawn(run::print_events(Arc::clone(pipeline.view())));
    let mut sinks = Sinks::open(pipeline.view())?;
    sinks.start(runtime.handle());
    say!(
        "a city of {} enterprises, {} months at {} days a second, from {}",
        args.enterprises,
        args.months,
        args.days_per_second,
        deliveries.next
    );
    say!("console at http://{at}/  metrics at /metrics  Ctrl-C stops, a second start goes on");
    let over = Arc::new(AtomicBool::new(false));
    let result = std::thread::scope(|scope| {
        let simulator = scope.spawn(|| {
            let played = play(deliveries, args.days_per_second, Some(&engine), &stop);
            over.store(args.once, Ordering::Release);
            played
        });
        let live = Live {
            requests,
            reload: run::reload_on_signal(runtime),
            stop: Arc::clone(&stop),
            over: Arc::clone(&over),
            poll: POLL,
            landing,
        };
        let driven = run::drive(&mut pipeline, live);
        stop.store(true, Ordering::Relaxed);
        let played = simulator
            .join()
            .unwrap_or_else(|_| bail!("the simulated city panicked"));
        driven.and(played)
    });
    printer.abort();
    sinks.stop(runtime.handle());
    runtime.block_on(server)??;
    let status = pipeline.view().status();
    say!(
        "stopped at {} after epoch {}",
        crate::time::instant_text(status.time_ms),
        status.epoch
    );
    pipeline.close()?;
    result
}

/// A folder belongs to one city: the first to come notes itself there.
fn check_same_city(folder: &Path, params: &CityParams) -> Result<()> {
    let note = folder.join(NOTE);
    let dirt = match params.dirt {
        1 => String::new(),
        times => format!(" dirt {times}"),
    };
    let wanted = format!(
        "enterprises {} seed {} schemes {}{dirt}\n",
        params.enterprises, params.seed, params.schemes_per_100k
    );
    match fs::read_to_string(&note) {
        Ok(found) if found != wanted => bail!(
            "`{}` holds another city ({}); remove it, or name another",
            folder.display(),
            found.trim()
        ),
        Ok(_) => {}
        Err(_) => {
            fs::create_dir_all(folder)?;
            fs::write(&note, wanted)?;
        }
    }
    Ok(())
}

/// The engine as who delivers to it within the process knows it.
struct Engine {
    landing: Arc<Mutex<()>>,
    requests: Sender<Request>,
}

impl Engine {
    /// Waits until it has taken in what was delivered; `false`: it is no more.
    fn take_in(&self) -> bool {
        let (reply, taken) = oneshot::channel();
        self.requests.blocking_send(Request::Look(reply)).is_ok() && taken.blocking_recv().is_ok()
    }
}

/// Delivers day by day until the time is over or the process stops. Where the
/// engine is known, a day is taken in whole before the next comes, so that a city
/// gives the same alerts on the same days however fast the machine is.
fn play(
    mut deliveries: Deliveries,
    days_per_second: f64,
    engine: Option<&Engine>,
    stop: &AtomicBool,
) -> Result<()> {
    let day = Duration::from_secs_f64(1.0 / days_per_second);
    // What was there before is no part of a day.
    if engine.is_some_and(|engine| !engine.take_in()) {
        return Ok(());
    }
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let whole = engine.map(|engine| engine.landing.lock());
        if !deliveries.write_day()? {
            say!("the simulated time is over");
            return Ok(());
        }
        if engine.is_some_and(|engine| !engine.take_in()) {
            return Ok(());
        }
        drop(whole);
        due += day;
        while Instant::now() < due && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20).min(day));
        }
        // After a long epoch the city does not hurry to catch up.
        due = due.max(Instant::now());
    }
    Ok(())
}

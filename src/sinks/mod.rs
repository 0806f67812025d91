//! The sinks at work: a courier for each, beside the pipeline and never in its
//! way. What they have done is in the journal, `sinks.db`.

pub mod command;
pub mod metrics;

use crate::clearance::restricted;
use crate::config::Settings;
use crate::config::sinks::{SinkKind, SinkSettings};
use crate::time::now_ms;
use crate::view::View;
use anyhow::{Context, Result, anyhow};
use std::sync::Arc;
use std::time::Duration;
use tocsin_alerts::sink::mail::{Mail, MailConfig};
use tocsin_alerts::sink::webhook::Webhook;
use tocsin_alerts::sink::{Channel, Courier, CourierError, Journal, Next, Standing};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A sink looks at least so often: somebody may have said `tocsin sink retry`.
const LOOK: Duration = Duration::from_secs(1);
/// How long a delivery that is under way at the end may take.
const GRACE: Duration = Duration::from_secs(3);

/// Every declared sink.
pub struct Sinks {
    view: Arc<View>,
    couriers: Vec<Arc<Courier>>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sinks {
    /// Prepares the sinks of the configuration; those that are new begin here.
    /// Where none is declared there is no journal either.
    ///
    /// # Errors
    /// When a secret is missing or none, or the journal cannot be opened.
    pub fn open(view: &Arc<View>) -> Result<Sinks> {
        let settings = view.settings();
        let mut couriers = Vec::new();
        if !settings.sinks.is_empty() {
            let journal = Arc::new(Journal::open(&view.data)?);
            for sink in &settings.sinks {
                let courier = courier(sink, &journal, view)?;
                courier.enter(sink.from_start)?;
                couriers.push(Arc::new(courier));
            }
        }
        Ok(Sinks {
            view: Arc::clone(view),
            couriers,
            stop: watch::channel(false).0,
            tasks: Vec::new(),
        })
    }

    /// Lets them work from now on.
    pub fn start(&mut self, runtime: &tokio::runtime::Handle) {
        for courier in &self.couriers {
            let (courier, view) = (Arc::clone(courier), Arc::clone(&self.view));
            let work = work(courier, view, self.stop.subscribe());
            self.tasks.push(runtime.spawn(work));
        }
    }

    /// Tells them to stop, and waits a moment for what is under way. What does not
    /// end in time goes out again at the next start.
    pub fn stop(self, runtime: &tokio::runtime::Handle) {
        self.stop.send_replace(true);
        runtime.block_on(async {
            for mut task in self.tasks {
                if tokio::time::timeout(GRACE, &mut task).await.is_err() {
                    task.abort();
                }
            }
        });
    }

    /// Tells receivers, one sink after the other, what there is to tell, and gives
    /// how they stand then. One that cannot be reached is left alone until the
    /// next start.
    ///
    /// # Errors
    /// When the journal or the outbox fails.
    pub fn drain(&self, runtime: &tokio::runtime::Handle) -> Result<Vec<Standing>> {
        let mut standings = Vec::new();
        for courier in &self.couriers {
            runtime.block_on(async {
                while courier.step(true).await? == Next::More {}
                Ok::<_, CourierError>(())
            })?;
            standings.extend(courier.journal.standing(&courier.name)?);
        }
        Ok(standings)
    }
}

/// Whether every sink has what it needs: to be known before a state is loaded.
///
/// # Errors
/// When a secret or a certificate is missing, or is none.
pub fn check(settings: &Settings) -> Result<()> {
    for sink in &settings.sinks {
        channel(sink)?;
    }
    Ok(())
}

/// What sinks lack here and now, such as a secret that is not set: another machine
/// may have it.
pub fn missing(settings: &Settings) -> Vec<String> {
    let sinks = settings.sinks.iter();
    sinks
        .filter_map(|sink| Some(format!("{:#}", channel(sink).err()?)))
        .collect()
}

fn channel(sink: &SinkSettings) -> Result<Channel> {
    let channel = match &sink.kind {
        SinkKind::Webhook(config) => Webhook::new(config.clone()).map(Channel::Webhook),
        SinkKind::Email(config) => {
            Mail::new(MailConfig::clone(config)).map(|mail| Channel::Mail(Box::new(mail)))
        }
    };
    let channel = channel.map_err(|fault| anyhow!(fault));
    channel.with_context(|| format!("sink `{}`", sink.name))
}

fn courier(sink: &SinkSettings, journal: &Arc<Journal>, view: &Arc<View>) -> Result<Courier> {
    let (seen, of) = (Arc::downgrade(view), sink.clearance);
    let restricted = move || {
        let view = seen.upgrade();
        // Without a view nothing is told any more.
        view.map_or(usize::MAX, |view| restricted(&view.settings(), of))
    };
    Ok(Courier {
        name: sink.name.clone(),
        filter: sink.filter.clone(),
        restricted: Arc::new(restricted),
        channel: channel(sink)?,
        limits: sink.limits,
        journal: Arc::clone(journal),
        store: Arc::clone(&view.store),
        clock: now_ms,
    })
}

/// A courier's life: a step when there is news, when it is time, and every second.
async fn work(courier: Arc<Courier>, view: Arc<View>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        // What was announced before this step is in the outbox that it looks at.
        let mut news = view.listen();
        let next = courier.step(false).await;
        match courier.journal.standing(&courier.name) {
            Ok(Some(standing)) => view.metrics.sinks.show(&standing, now_ms()),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "the journal of sinks"),
        }
        let until_ms = match next {
            Ok(Next::More) => continue,
            Ok(Next::At(at_ms)) => at_ms,
            Ok(Next::Idle | Next::Disabled) => i64::MAX,
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!(sink = courier.name, "{error:#}: it is tried again");
                i64::MAX
            }
        };
        let pause = Duration::from_millis(until_ms.saturating_sub(now_ms()).max(0) as u64);
        let idle = until_ms == i64::MAX;
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause.min(LOOK)) => {}
            _ = news.recv(), if idle => {}
        }
    }
}

/// How sinks stand, a line each.
pub fn text(standings: &[Standing]) -> String {
    let line = |sink: &Standing| {
        let state = match (&sink.disabled, &sink.last_error) {
            (Some(reason), _) => format!("  off: {reason}"),
            (None, Some(reason)) => format!("  failing: {reason}"),
            (None, None) => String::new(),
        };
        format!(
            "sink {:<16} delivered {:>7}  failed {:>5}  pending {:>7}  dead {:>4}{state}\n",
            sink.name,
            sink.delivered,
            sink.failed,
            sink.pending(),
            sink.dead
        )
    };
    standings.iter().map(line).collect()
}

//! Two sources, three enterprises, a model of one feature: a pipeline that runs
//! as it does for users, served on a port of its own.

use crate::config::Settings;
use crate::pipeline::{Options, Pipeline};
use crate::run::{self, Live};
use crate::serve::{Request, serve};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::oneshot;

/// The enterprises' codes; the first has one tip when the world begins.
pub(super) const CODES: [&str; 3] = [
    "91350100M000100Y43",
    "91440300MA00000820",
    "91440300MA0000269Y",
];

const FILES: [(&str, &str); 7] = [
    (
        "tocsin.toml",
        "[inputs]\nroot = \"in\"\n[clock]\ntype = \"fixed\"\nat = \"2025-03-17\"\n\
         [model]\nartifact = \"model.json\"\n",
    ),
    (
        "features.toml",
        "[[feature]]\nname = \"tips\"\ntitle = \"举报次数\"\ncategory = \"E\"\nfrom = \"E2\"\n\
         aggregate = \"count\"\n",
    ),
    (
        "model.json",
        r#"{"format": 1, "kind": "scorecard", "intercept": -4000000, "features": [
            {"name": "tips", "category": "E", "kind": "number", "bins": [
                {"missing": true, "weight": 0},
                {"from": null, "to": 10000, "weight": 0},
                {"from": 10000, "to": 20000, "weight": 2000001},
                {"from": 20000, "to": null, "weight": 3500000}]}]}"#,
    ),
    (
        "sources/reg/base.toml",
        "agency = \"市场监督管理局\"\nresource = \"登记\"\nbasis = \"企业信息公示暂行条例\"\n\
         path = \"reg/*.csv\"\nmode = \"upsert\"\nkey = [\"code\"]\nregisters = true\n\
         [columns]\ncode = { type = \"uscc\", required = true }\nname = \"text\"\n\
         district = \"text\"\n[enterprise]\nuscc = \"code\"\n[display]\nname = \"name\"\n\
         district = \"district\"\n[[alias]]\nkind = \"name\"\ncolumn = \"name\"\n",
    ),
    (
        "sources/tips/tip.toml",
        "agency = \"地方金融管理局\"\nresource = \"举报\"\nbasis = \"国务院令第737号 第十六条\"\n\
         path = \"tips/*.csv\"\nmode = \"upsert\"\nkey = [\"no\"]\n\
         freshness = { warn = \"2d\", error = \"7d\" }\n[columns]\n\
         no = { type = \"text\", required = true }\ncode = \"uscc\"\n\
         date = { type = \"date\", required = true }\n[enterprise]\nuscc = \"code\"\n\
         [[signal]]\nkind = \"E2\"\ndate = \"date\"\nwindow = \"365d\"\n",
    ),
    (
        "in/reg/1.csv",
        "code,name,district\n91350100M000100Y43,<script>鼎盛&财富</script>,福田区\n\
         91440300MA00000820,万家果业,南山区\n91440300MA0000269Y,安居养老,罗湖区\n",
    ),
    (
        "in/tips/1.csv",
        "no,code,date\nT1,91350100M000100Y43,2025-03-01\nT2,91350100M000100Y43,<i>soon</i>\n",
    ),
];

/// The running world; it ends when it is dropped.
pub(super) struct World {
    pub(super) at: SocketAddr,
    runtime: Runtime,
    stop: Arc<AtomicBool>,
    stop_server: Option<oneshot::Sender<()>>,
    pipeline: Option<JoinHandle<()>>,
    server: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
    _folder: TempDir,
}

impl World {
    /// Starts it; what is there has been taken in.
    pub(super) fn start() -> World {
        World::start_with(run::request_channel(), |mut pipeline, live| {
            run::drive(&mut pipeline, live).unwrap();
            pipeline.close().unwrap();
        })
    }

    /// As [`World::start`], with a pipeline that is busy for as long as the world
    /// is there, and has room for one push to wait.
    pub(super) fn start_busy() -> World {
        World::start_with(tokio::sync::mpsc::channel(1), |pipeline, live| {
            while !live.stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
            }
            pipeline.close().unwrap();
        })
    }

    fn start_with(
        (sender, requests): (Sender<Request>, Receiver<Request>),
        work: impl FnOnce(Pipeline, Live) + Send + 'static,
    ) -> World {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in FILES {
            write(&folder.path().join(name), text);
        }
        let runtime = Runtime::new().unwrap();
        let settings = Settings::read(&folder.path().join("tocsin.toml")).unwrap();
        let options = Options {
            data: folder.path().join("data"),
            workers: 1,
            fsync: false,
        };
        let handle = runtime.handle().clone();
        let mut pipeline = Pipeline::open(Arc::new(settings), options, handle).unwrap();
        run::catch_up(&mut pipeline, true).unwrap();
        let view = Arc::clone(pipeline.view());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        let (stop_server, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let server = runtime.spawn(serve(view, None, sender, listener, shutdown));
        let stop = Arc::new(AtomicBool::new(false));
        let live = Live {
            over: Arc::default(),
            requests,
            reload: Arc::default(),
            stop: Arc::clone(&stop),
            poll: Duration::from_millis(10),
            landing: Arc::default(),
        };
        let pipeline = std::thread::spawn(move || work(pipeline, live));
        World {
            at,
            runtime,
            stop,
            stop_server: Some(stop_server),
            pipeline: Some(pipeline),
            server: Some(server),
            _folder: folder,
        }
    }

    /// Tells the pipeline to stop.
    pub(super) fn stop_pipeline(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Tells the server to stop and waits until it has.
    pub(super) fn stop_server(&mut self) {
        if let (Some(stop), Some(server)) = (self.stop_server.take(), self.server.take()) {
            let _ = stop.send(());
            self.runtime.block_on(server).unwrap().unwrap();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop_server();
        self.stop.store(true, Ordering::Relaxed);
        if let Some(pipeline) = self.pipeline.take() {
            let _ = pipeline.join();
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

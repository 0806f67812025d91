// What the server cannot do: show events as they happen, and keep the figures
// of the page current. Every text goes in as text, never as markup. htmx's own
// extension for events would show them by markup from the stream and begin again
// where it happens to connect; this begins behind the last event of the page.
"use strict";

const MAX_ROWS = 200;
const REFRESH_AFTER_EVENT_MS = 1500;
const REFRESH_MS = 5000;
const COME_BACK_MS = 3000;
const SHANGHAI_MS = 8 * 3600 * 1000;

let followed = null;
let leave = () => {};

followWhatIsThere();
// A filter brings another list.
document.addEventListener("htmx:afterSwap", followWhatIsThere);

function followWhatIsThere() {
  const feed = document.getElementById("feed");
  if (feed === followed) {
    return;
  }
  leave();
  [followed, leave] = [feed, feed ? follow(feed) : () => {}];
}

// Follows the stream from where the list ends; gives what stops that.
function follow(feed) {
  const live = document.getElementById("live");
  const words = new Map();
  for (const word of document.querySelectorAll("#words [data-key]")) {
    words.set(word.dataset.key, word.textContent);
  }
  let last = Number(feed.dataset.after);
  let timer = null;
  let due = Infinity;
  let waiting = [];
  let source = null;
  let left = false;

  const mark = (on) => {
    live.className = on ? "on" : "off";
    live.textContent = on ? live.dataset.on : live.dataset.off;
  };

  const connect = () => {
    if (left) {
      return;
    }
    source = new EventSource("/api/v1/alerts/stream?after=" + last);
    source.onopen = () => mark(true);
    source.onerror = () => {
      mark(false);
      // The browser comes back by itself unless it was refused.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(connect, COME_BACK_MS);
      }
    };
    source.addEventListener("alert", (message) => {
      last = Number(message.lastEventId);
      waiting.push([last, JSON.parse(message.data)]);
      if (waiting.length === 1) {
        requestAnimationFrame(show);
      }
      refreshSoon(REFRESH_AFTER_EVENT_MS);
    });
  };

  // Many events at once are one change of the page.
  const show = () => {
    const events = waiting.slice(-MAX_ROWS);
    waiting = [];
    for (const [seq, event] of events) {
      if (wanted(feed.dataset, event)) {
        feed.prepend(row(seq, event, words));
      }
    }
    while (feed.children.length > MAX_ROWS) {
      feed.lastElementChild.remove();
    }
    const empty = document.getElementById("feed-empty");
    if (empty && feed.children.length > 0) {
      empty.remove();
    }
  };

  // The earliest time that is asked for counts.
  const refreshSoon = (after) => {
    if (!left && Date.now() + after < due) {
      clearTimeout(timer);
      due = Date.now() + after;
      timer = setTimeout(refresh, after);
    }
  };

  // Counters and list come from the server as they would on a reload.
  const refresh = async () => {
    due = Infinity;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (answer.ok && !left) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          for (const id of ["asof", "counters", "news", "alerts"]) {
            replace(document.getElementById(id), page.getElementById(id));
          }
        }
      } catch (fault) {
        // The server is away; the next time will tell.
      }
    }
    refreshSoon(REFRESH_MS);
  };

  const stop = () => {
    left = true;
    clearTimeout(timer);
    source.close();
  };
  // Without this, a page kept for "back" holds its connection.
  window.addEventListener("pagehide", stop, { once: true });
  connect();
  refreshSoon(REFRESH_MS);
  return stop;
}

// Whoever types in a part or stands on a link of it is not thrown out of it.
function replace(old, fresh) {
  if (!old || !fresh || old.contains(document.activeElement) || old.isEqualNode(fresh)) {
    return;
  }
  old.replaceWith(fresh);
  htmx.process(fresh);
}

function wanted(filter, event) {
  const kind = kindOf(event);
  const status = kind === "closed" || kind === "retracted" ? kind : "open";
  const any = filter.status === "" || filter.status === "all";
  return (filter.level === "" || filter.level === event.data.level) && (any || filter.status === status);
}

function kindOf(event) {
  return event.type.split(".").pop();
}

function row(seq, event, words) {
  const data = event.data;
  const item = document.getElementById("event").content.firstElementChild.cloneNode(true);
  const field = (name, text) => {
    const node = item.querySelector('[data-f="' + name + '"]');
    node.textContent = text;
    return node;
  };
  item.dataset.seq = seq;
  item.className = "event new " + data.level;
  // Who may not see every source is told that the level changed, and nothing of why.
  const whole = data.restricted === undefined;
  const id = whole ? event.subject : data.enterprise.id;
  const name = whole ? data.name : data.enterprise.name;
  field("level", words.get(data.level)).className = "level " + data.level;
  field("index", whole ? data.index.toFixed(2) : "");
  field("name", name || id).href = "/enterprises/" + encodeURIComponent(id);
  field("id", id);
  field("time", clock(event.time));
  field("what", words.get(kindOf(event)));
  field("move", words.get(data.level_before) + "→" + words.get(data.level));
  field("cause", whole ? words.get(data.cause) : "");
  const list = item.querySelector('[data-f="reasons"]');
  const blank = list.firstElementChild;
  list.replaceChildren(...(whole ? data.reasons : []).slice(0, 3).map((reason) => reasonOf(blank, reason, words)));
  return item;
}

function reasonOf(blank, reason, words) {
  const item = blank.cloneNode(true);
  const text = (name, value) => {
    item.querySelector('[data-f="' + name + '"]').textContent = value;
  };
  text("category", reason.category + " " + words.get("category-" + reason.category));
  const named = document.documentElement.lang === "en" && reason.title_en;
  text("title", named ? reason.title_en : reason.title);
  item.querySelector('[data-f="title"]').lang = named ? "en" : "zh-CN";
  text("weight", reason.hard_trigger ? words.get("hard-trigger") : logOdds(reason.contribution));
  return item;
}

function logOdds(micro) {
  return (micro < 0 ? "−" : "+") + (Math.abs(micro) / 1e6).toFixed(2);
}

function clock(instant) {
  return new Date(Date.parse(instant) + SHANGHAI_MS).toISOString().slice(0, 19).replace("T", " ");
}

// Keeps the page up to date: the server sends the inside of <main> whenever something changed. Without this script the
// page shows the same, as it was when it was loaded.
(() => {
  "use strict";
  const main = document.querySelector("main");
  const live = document.getElementById("live");
  let latest = null;

  const say = (state, words) => {
    live.dataset.state = state;
    live.textContent = words;
  };

  // Not while nobody looks, nor under somebody's selection: both would be lost work.
  const show = () => {
    const selection = getSelection();
    if (latest === null || document.hidden || (selection && !selection.isCollapsed)) return;
    main.innerHTML = latest;
    latest = null;
  };

  const connect = () => {
    const events = new EventSource("/events");
    events.onopen = () => say("live", "live");
    events.onmessage = (event) => {
      latest = JSON.parse(event.data);
      show();
    };
    events.onerror = () => {
      say("lost", "connection lost, trying again");
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
    };
  };

  document.addEventListener("visibilitychange", show);
  document.addEventListener("selectionchange", show);
  connect();
})();

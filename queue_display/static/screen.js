/* A hall or door screen. Plain ECMAScript 5 with EventSource or, without it, requests: boxes of
   ten years ago run it (Chrome 49, Android WebView 49, Firefox 44). A test refuses newer syntax. */
(function () {
  "use strict";

  var QUIET = 15000;
  var OLD = 30000;
  var HIGHLIGHT = 3000;
  var AGAIN = 3000;
  var root = document.documentElement;
  var screenBox = document.getElementById("screen");
  var lostBox = document.getElementById("lost");
  var zone = root.getAttribute("data-zone");
  var words = JSON.parse(document.getElementById("words").textContent);
  var address = "/display/" + encodeURIComponent(zone);
  var state = { epoch: "", seq: -1, now: 0, clock: "", board: null };
  var heard = null;
  var known = {};
  var stream = null;
  var asking = false;
  var sound = null;
  var clockBox = null;
  var player = null;
  var refused = false;

  /* Not the clock of the box, which may jump. */
  function ticks() {
    return window.performance && window.performance.now ? window.performance.now() : new Date().getTime();
  }

  function make(kind, name, text, parent) {
    var element = document.createElement(kind);
    if (name) { element.className = name; }
    if (text) { element.appendChild(document.createTextNode(text)); }
    if (parent) { parent.appendChild(element); }
    return element;
  }

  /* One text in every language of the zone, each marked with its language. */
  function say(kind, name, text, parent, facts) {
    var element = make(kind, name, "", parent);
    var languages = state.board ? state.board.languages : ["zh-CN", "en"];
    for (var place = 0; place < languages.length; place += 1) {
      var written = text[languages[place]] || "";
      for (var fact in facts || {}) {
        if (Object.prototype.hasOwnProperty.call(facts, fact)) { written = written.replace("{" + fact + "}", facts[fact]); }
      }
      if (place && written === text[languages[0]]) { continue; }
      make("span", place ? "second" : "first", written, element).setAttribute("lang", languages[place]);
    }
    return element;
  }

  function who(kind, name, patient, parent) {
    var element = make(kind, name, "", parent);
    make("b", "label", patient.label, element);
    if (patient.name) { make("span", "name", patient.name, element).setAttribute("lang", "zh-CN"); }
    return element;
  }

  function wait(range, parent) {
    if (!range) { return; }
    if (range[1] <= 5) { say("span", "wait", words.soon, parent); return; }
    say("span", "wait", words.about, parent, { low: String(range[0]), high: String(range[1]) });
  }

  function calls(board, fresh) {
    var part = make("section", "calls" + (fresh ? " fresh" : ""), "");
    say("h1", "heading", words.calling, part);
    var current = board.calls[0];
    if (!current || !standing(current)) {
      say("p", "nobody", words.nobody, part);
    } else {
      var now = make("div", "now", "", part);
      who("p", "called", current, now);
      var to = make("p", "to", "", now);
      if (current.arrow) { make("span", "arrow", current.arrow, to).setAttribute("aria-hidden", "true"); }
      say("span", "place", current.place, to);
    }
    var before = board.calls.slice(current && standing(current) ? 1 : 0);
    if (before.length) {
      say("h2", "heading small", words.before, part);
      var list = make("ul", before.length > 4 ? "before many" : "before", "", part);
      for (var place = 0; place < before.length; place += 1) {
        var item = who("li", "", before[place], list);
        say("span", "place", before[place].place, item);
      }
    }
    return part;
  }

  function standing(call) { return call.key.charAt(call.key.length - 1) === "1"; }

  function line(one) {
    var part = make("section", "line" + (one.down ? " down" : ""), "");
    say("h2", "queue", one.name, part);
    if (one.down) { say("p", "state", words.down, part); }
    var list = make("ol", "", "", part);
    for (var place = 0; place < one.waiting.length; place += 1) {
      var item = who("li", "", one.waiting[place], list);
      wait(one.waiting[place].wait, item);
    }
    if (!one.waiting.length) { say("p", "none", words["none-waits"], part); }
    if (one.more) { say("p", "more", words.more, part, { count: String(one.more) }); }
    return part;
  }

  function hall(board, fresh) {
    var page = make("div", "page");
    var top = make("header", "top", "", page);
    clockBox = make("p", "clock", state.clock, top);
    var body = make("div", "body", "", page);
    body.appendChild(calls(board, fresh));
    var lines = make("section", "lines", "", body);
    say("h1", "heading", words.waiting, lines);
    for (var place = 0; place < board.lines.length; place += 1) { lines.appendChild(line(board.lines[place])); }
    if (board.notice) { say("footer", "notice", board.notice, page); }
    return page;
  }

  function door(board, fresh) {
    var one = board.lines[0];
    var page = make("div", "page");
    var top = make("header", "top", "", page);
    say("h1", "place", one.place, top);
    if (JSON.stringify(one.name) !== JSON.stringify(one.place)) { say("p", "queue", one.name, top); }
    clockBox = make("p", "clock", state.clock, top);
    if (one.down) { say("p", "state", words.down, page); }
    var current = board.calls[0];
    if (current && standing(current)) {
      var part = make("section", "calls" + (fresh ? " fresh" : ""), "", page);
      say("h2", "heading", words.calling, part);
      who("p", "called", current, part);
    }
    var inside = make("section", "inside", "", page);
    say("h2", "heading", words.inside, inside);
    for (var place = 0; place < one.inside.length; place += 1) { who("p", "who", one.inside[place], inside); }
    if (!one.inside.length) { make("p", "who", "—", inside); }
    var next = make("section", "next", "", page);
    say("h2", "heading", words.next, next);
    if (one.waiting.length) { who("p", "who", one.waiting[0], next); } else { make("p", "who", "—", next); }
    if (board.notice) { say("footer", "notice", board.notice, page); }
    return page;
  }

  function draw(fresh) {
    var board = state.board;
    var page = board.layout === "door" ? door(board, fresh) : hall(board, fresh);
    if (board.voice === "quiet") {
      say("p", "mute", words.quiet, page);
    } else if (!sound || sound.state === "suspended" || refused) {
      say("p", "mute", words.mute, page);
    }
    while (screenBox.firstChild) { screenBox.removeChild(screenBox.firstChild); }
    screenBox.appendChild(page);
  }

  /* Three tones; a browser that allows no sound says so on the screen. */
  function chime() {
    if (!sound || sound.state === "suspended") { return; }
    var tones = [659, 523, 784];
    for (var place = 0; place < tones.length; place += 1) {
      var tone = sound.createOscillator();
      var volume = sound.createGain();
      var begin = sound.currentTime + place * 0.28;
      tone.frequency.value = tones[place];
      volume.gain.value = 0.2;
      tone.connect(volume);
      volume.connect(sound.destination);
      tone.start(begin);
      tone.stop(begin + 0.24);
    }
  }

  /* What the server has made of a call. Where it can't be played the chime is heard at least. */
  function play(said) {
    if (!window.Audio) { chime(); return; }
    if (player) { player.pause(); }
    player = new window.Audio(address + "/sound/" + encodeURIComponent(said.sound));
    player.onerror = chime;
    var started = player.play();
    if (started && started["catch"]) {
      started["catch"](function (fault) {
        if (fault && fault.name === "NotAllowedError") { refused = true; draw(false); }
      });
    }
  }

  /* Calls that nobody here has heard of and that are not old: those are said aloud. */
  function news(board) {
    var found = false;
    var seen = {};
    for (var place = 0; place < board.calls.length; place += 1) {
      var call = board.calls[place];
      seen[call.key] = true;
      if (standing(call) && !known[call.key] && state.now - call.at < OLD) { found = true; }
    }
    known = seen;
    return found;
  }

  function show(said) {
    state.epoch = said.epoch;
    state.seq = said.seq;
    state.now = said.now;
    state.clock = said.clock;
    state.board = said.board;
    hear();
    var fresh = news(said.board);
    draw(fresh);
    if (fresh) {
      if (!said.board.voice) { chime(); }
      window.setTimeout(calm, HIGHLIGHT);
    }
  }

  function calm() {
    var lit = document.querySelector(".fresh");
    if (lit) { lit.className = lit.className.replace(" fresh", ""); }
  }

  function beat(said) {
    if (said.epoch !== state.epoch || said.seq !== state.seq) { ask(); return; }
    state.now = said.now;
    state.clock = said.clock;
    if (clockBox) { clockBox.textContent = said.clock; }
    hear();
  }

  function hear() {
    heard = ticks();
    mark(root, "offline", false);
    mark(root, "connecting", false);
    lostBox.textContent = "";
  }

  function mark(element, name, on) {
    var bare = (" " + element.className + " ").replace(" " + name + " ", " ").trim();
    element.className = on ? bare + " " + name : bare;
  }

  /* The board anew. Whoever is no longer let in shows its pairing code. */
  function ask() {
    if (asking) { return; }
    asking = true;
    var request = new XMLHttpRequest();
    request.open("GET", address + "/board");
    request.timeout = 10000;
    request.onload = function () {
      asking = false;
      if (request.status === 200) { show(JSON.parse(request.responseText)); }
      if (request.status === 401 || request.status === 403) { window.location.replace("/pair"); }
    };
    request.onerror = request.ontimeout = function () { asking = false; };
    request.send();
  }

  function follow() {
    if (!window.EventSource) { window.setInterval(ask, AGAIN); return; }
    stream = new window.EventSource(address + "/stream");
    stream.addEventListener("board", function (event) { show(JSON.parse(event.data)); });
    stream.addEventListener("beat", function (event) { beat(JSON.parse(event.data)); });
    stream.addEventListener("say", function (event) { play(JSON.parse(event.data)); });
    stream.onerror = function () {
      if (stream.readyState === 2) {
        stream.close();
        window.setTimeout(follow, AGAIN);
        ask();
      }
    };
  }

  function watch() {
    if (heard !== null && ticks() - heard <= QUIET) { return; }
    if (heard !== null && root.className.indexOf("offline") < 0) {
      mark(root, "offline", true);
      while (lostBox.firstChild) { lostBox.removeChild(lostBox.firstChild); }
      say("span", "", words.offline, lostBox, { time: state.clock });
    }
    ask();
  }

  try {
    var Sound = window.AudioContext || window.webkitAudioContext;
    sound = Sound ? new Sound() : null;
  } catch (error) {
    sound = null;
  }
  document.addEventListener("click", function () {
    if (sound && sound.resume) { sound.resume(); }
    refused = false;
    var told = document.querySelector(".mute");
    if (told && !(state.board && state.board.voice === "quiet")) { told.parentNode.removeChild(told); }
  });
  if (!state.board) { say("span", "", words.connecting, lostBox); }
  follow();
  window.setInterval(watch, 1000);
}());

(function () {
  "use strict";
  var sheet = document.getElementById("sheet"), form = document.getElementById("filter");
  if (!sheet || !form) return;
  var body = sheet.tBodies[0], rows = Array.from(body.rows), page = 100, shown = page;
  var get = function (id) { return document.getElementById(id); };
  var text = get("f-text"), verdict = get("f-verdict"), admin = get("f-admin"), event = get("f-event");
  var words = rows.map(function (r) { return r.textContent.toLowerCase(); });
  rows.forEach(function (r, i) { r.place = i; });

  function show() {
    var want = text.value.trim().toLowerCase(), hits = 0;
    rows.forEach(function (r) {
      var hit = (!want || words[r.place].indexOf(want) >= 0) && (!verdict.value || r.dataset.v === verdict.value) &&
        (!admin.checked || "a" in r.dataset) && (!event.checked || "e" in r.dataset);
      if (hit) hits++;
      r.classList.toggle("out", !hit);
      r.classList.toggle("later", hit && hits > shown);
    });
    var seen = Math.min(hits, shown);
    get("f-count").textContent = seen < hits ? seen + " of " + hits + " shown" : hits + " shown";
    get("more").hidden = seen === hits;
    get("more-some").textContent = "Show " + Math.min(page, hits - seen) + " more";
    get("more-all").textContent = "Show all " + hits;
  }
  function again() { shown = page; show(); }

  function key(row, column) {
    var cell = row.cells[column];
    return cell.dataset.k === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.k);
  }
  var compare = new Intl.Collator("en", { numeric: true }).compare;
  function sort(head, column) {
    var down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    Array.from(sheet.tHead.rows[0].cells).forEach(function (c) { c.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
    var keys = rows.map(function (r) { return [key(r, column), r]; });
    keys.sort(function (a, b) {
      var order = typeof a[0] === "number" ? a[0] - b[0] : compare(a[0], b[0]);
      return down * order || a[1].place - b[1].place;
    });
    rows = keys.map(function (k) { return k[1]; });
    body.append.apply(body, rows);
    show();
  }
  Array.from(sheet.tHead.rows[0].cells).forEach(function (head, column) {
    // Not a button element: Chromium leaves those out where a printed table repeats its heading.
    var button = document.createElement("span");
    button.setAttribute("role", "button");
    button.tabIndex = 0;
    button.textContent = head.textContent;
    button.addEventListener("click", function () { sort(head, column); });
    button.addEventListener("keydown", function (e) {
      if (e.key !== "Enter" && e.key !== " ") return;
      e.preventDefault();
      sort(head, column);
    });
    head.replaceChildren(button);
  });

  text.addEventListener("input", again);
  [verdict, admin, event].forEach(function (e) { e.addEventListener("change", again); });
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  get("more-some").addEventListener("click", function () { shown += page; show(); });
  get("more-all").addEventListener("click", function () { shown = rows.length; show(); });
  form.hidden = false;
  show();
})();

(function () {
  "use strict";
  var list = document.getElementById("pairs");
  if (!list) { return; }
  var rows = Array.prototype.slice.call(list.children);
  var find = document.getElementById("find");
  var status = document.getElementById("status");
  var sort = document.getElementById("sort");
  var shown = document.getElementById("shown");
  var nomatch = document.getElementById("nomatch");

  function filter() {
    var words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row) {
      var text = row.dataset.search;
      var fits = (!status.value || row.dataset.status === status.value) &&
        words.every(function (word) { return text.indexOf(word) !== -1; });
      row.hidden = !fits;
      if (fits) { count += 1; }
    });
    nomatch.hidden = count > 0;
    shown.textContent = shown.dataset.text.replace("{}", count).replace("{}", rows.length);
  }

  function order() {
    var place = sort.selectedIndex - 1;
    var sorted = rows.slice();
    if (sort.value === "date") {
      sorted.sort(function (a, b) { return a.dataset.date < b.dataset.date ? -1 : a.dataset.date > b.dataset.date ? 1 : 0; });
    } else if (sort.value) {
      var key = "data-by-" + place;
      sorted.sort(function (a, b) {
        var x = a.getAttribute(key), y = b.getAttribute(key);
        if (!x || !y) { return (x ? 0 : 1) - (y ? 0 : 1); }
        return Number(y) - Number(x);
      });
    }
    sorted.forEach(function (row) { list.appendChild(row); });
  }

  document.getElementById("filters").hidden = false;
  find.addEventListener("input", filter);
  status.addEventListener("change", filter);
  sort.addEventListener("change", order);
  filter();
}());

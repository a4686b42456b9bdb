(function () {
  "use strict";
  var stage = document.getElementById("stage");
  var range = document.getElementById("divider");
  if (!stage || !range) { return; }

  function show(value) {
    value = Math.min(100, Math.max(0, value));
    range.value = value;
    stage.style.setProperty("--cut", value + "%");
    var whole = String(Math.round(value));
    range.setAttribute("aria-valuetext", range.dataset.text.replace("{}", whole));
  }

  function follow(event) {
    var box = stage.getBoundingClientRect();
    show(100 * (event.clientX - box.left) / box.width);
  }

  document.documentElement.classList.add("live");
  range.hidden = false;
  range.addEventListener("input", function () { show(Number(range.value)); });
  range.addEventListener("keydown", function (event) {
    if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      event.preventDefault();
      show(Number(range.value) + (event.key === "ArrowLeft" ? -10 : 10));
    }
  });
  stage.addEventListener("pointerdown", function (event) {
    if (event.button !== 0) { return; }
    stage.setPointerCapture(event.pointerId);
    range.focus({ preventScroll: true });
    follow(event);
  });
  stage.addEventListener("pointermove", function (event) {
    if (stage.hasPointerCapture(event.pointerId)) { follow(event); }
  });
  show(50);
}());

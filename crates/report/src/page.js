(function () {
  var box = document.getElementById("filter");
  if (box) {
    box.hidden = false;
    var input = box.querySelector("input"), count = box.querySelector("span");
    var items = document.querySelectorAll("[data-search]");
    var total = document.querySelectorAll(".station").length;
    input.addEventListener("input", function () {
      var words = input.value.toLowerCase().split(/\s+/), shown = 0;
      items.forEach(function (item) {
        var text = item.getAttribute("data-search");
        var hit = words.every(function (word) { return text.indexOf(word) >= 0; });
        item.style.display = hit ? "" : "none";
        if (hit && item.classList.contains("station")) { shown += 1; }
      });
      count.textContent = shown === total ? "" : shown + " of " + total;
    });
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
  });
})();

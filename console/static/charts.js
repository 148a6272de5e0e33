"use strict";
// Draws every .chart from the JSON beside it (data-source names the script element), again when that JSON was swapped.
(function () {
  const drawn = new Map();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function option(data) {
    const number = new Intl.NumberFormat(document.documentElement.lang);
    const tick = data.compact ? new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }) : number;
    const step = data.step || 10;
    const last = data.labels.length - 1;
    const muted = colour("muted");
    return {
      animation: !still.matches,
      animationDuration: 0,
      animationDurationUpdate: 300,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: muted },
      grid: { left: 4, right: 20, top: 12, bottom: 8, containLabel: true },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        confine: true,
        axisPointer: { type: "shadow" },
        backgroundColor: colour("surface"),
        borderColor: colour("strong-line"),
        textStyle: { color: colour("ink"), fontSize: 12 },
        formatter: function (points) {
          const at = points[0].dataIndex;
          const head = data.labels[at] + (at === last && data.running ? " (" + data.running + ")" : "");
          return [head].concat(points.map((p) => p.seriesName + ": " + number.format(data.series[p.seriesIndex].values[at]))).join("\n");
        },
      },
      xAxis: {
        type: "category",
        data: data.labels,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colour("line") } },
        axisLabel: { color: muted, hideOverlap: true, interval: (at) => (last - at) % step === 0, showMaxLabel: true },
      },
      yAxis: {
        type: "value",
        minInterval: 1,
        axisLabel: { color: muted, formatter: (value) => tick.format(value) },
        splitLine: { lineStyle: { color: colour("line") } },
      },
      series: data.series.map((series) => ({
        name: series.name,
        type: "bar",
        stack: "all",
        barCategoryGap: "20%",
        cursor: "default",
        emphasis: { disabled: true },
        itemStyle: { color: colour(series.role + "-fill") },
        data: series.values.map((value, at) => (at === last && data.running ? { value: value, itemStyle: { opacity: 0.5 } } : value)),
      })),
    };
  }

  function draw(box) {
    const source = document.getElementById(box.dataset.source);
    if (!source || box.clientWidth === 0) return;
    let entry = drawn.get(box.id);
    if (!entry || entry.box !== box) {
      if (entry) entry.chart.dispose();
      entry = { box: box, chart: echarts.init(box, null, { renderer: "canvas" }), text: "" };
      drawn.set(box.id, entry);
      new ResizeObserver(() => entry.chart.resize()).observe(box);
    }
    if (entry.text !== source.textContent) {
      entry.text = source.textContent;
      entry.chart.setOption(option(JSON.parse(entry.text)));
    }
  }

  function drawAll() {
    document.querySelectorAll(".chart").forEach(draw);
  }

  dark.addEventListener("change", () => {
    drawn.forEach((entry) => { entry.text = ""; });
    drawAll();
  });
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", drawAll);
})();

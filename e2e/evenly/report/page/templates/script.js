"use strict";
for (const figure of document.querySelectorAll("figure[data-looks]")) {
  const looks = figure.dataset.looks.split(";").map((look) => look.split("|"));
  const range = figure.querySelector("input");
  const cursor = figure.querySelector(".cursor");
  const reading = figure.parentElement.querySelector(".reading");
  const last = [...reading.childNodes];
  const show = () => {
    const [at, connections, even, uneven] = looks[range.value];
    cursor.setAttribute("x1", at + "%");
    cursor.setAttribute("x2", at + "%");
    figure.classList.add("read");
    const words = ["After ", connections, " connections: even ratio ", even, ", uneven E ", uneven, "."];
    reading.replaceChildren(...words.map((word, i) => {
      if (i % 2 === 0) return word;
      const bold = document.createElement("b");
      bold.textContent = word;
      return bold;
    }));
    range.setAttribute("aria-valuetext", reading.textContent);
  };
  range.hidden = false;
  range.addEventListener("input", show);
  figure.querySelector(".plot").addEventListener("pointermove", (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const percent = (100 * (event.clientX - box.left)) / box.width;
    const distance = (look) => Math.abs(look[0] - percent);
    range.value = looks.reduce((best, look, i) => (distance(look) < distance(looks[best]) ? i : best), 0);
    show();
  });
  addEventListener("beforeprint", () => { reading.replaceChildren(...last); });
}
for (const button of document.querySelectorAll(".command button")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const command = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = "Selected";
    }
  });
}
const unfold = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", unfold);
unfold();

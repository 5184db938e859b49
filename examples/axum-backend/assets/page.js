// Counts the seconds until another message may be sent. The server decides; this only tells.
for (const line of document.querySelectorAll("[data-countdown]")) {
  const end = Date.now() + Number(line.dataset.countdown) * 1000;
  const done = line.nextElementSibling;
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      line.textContent = `You can have another one in ${left} second${left === 1 ? "" : "s"}.`;
      return;
    }
    clearInterval(timer);
    line.remove();
    done.textContent = "You can have another code now.";
  }, 1000);
}

// People press twice. A form is sent once, until its page is shown again.
for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => (sent = false));
}

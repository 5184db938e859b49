// Counts down the seconds until a new message may be sent. The server enforces the interval.
for (const line of document.querySelectorAll("[data-countdown]")) {
  const end = Date.now() + Number(line.dataset.countdown) * 1000;
  const done = line.nextElementSibling;
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      line.textContent = `You can request a new one in ${left} second${left === 1 ? "" : "s"}.`;
      return;
    }
    clearInterval(timer);
    line.remove();
    done.textContent = "You can request a new code now.";
  }, 1000);
}

// Prevents a double submit. A form is sent once, until its page is shown again.
for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => (sent = false));
}

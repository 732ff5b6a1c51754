// A picture that is zoomed and moved: by wheel, pinch, drag, double click and keys.

const MOST = 8;

/**
 * @param {HTMLElement} stage what the picture is in
 * @param {HTMLElement} picture
 * @param {{ natural: () => { width: number, height: number }, change: (scale: number, isFit: boolean) => void, swipe: (by: number) => void }} acts
 */
export function zoomable(stage, picture, acts) {
  let scale = 1;
  let x = 0;
  let y = 0;
  /** @type {Map<number, { x: number, y: number }>} */
  const pointers = new Map();
  let pinch = 0;
  let start = { x: 0, y: 0 };
  let hasMoved = false;

  /** The scale at which the whole picture is visible, of one pixel each. */
  const fit = () => {
    const { width, height } = acts.natural();
    return Math.min(1, stage.clientWidth / width, stage.clientHeight / height);
  };
  const isFit = () => scale <= fit() * 1.001;
  const apply = () => {
    const { width, height } = acts.natural();
    const slackX = Math.max(0, (width * scale - stage.clientWidth) / 2);
    const slackY = Math.max(0, (height * scale - stage.clientHeight) / 2);
    x = Math.max(-slackX, Math.min(slackX, x));
    y = Math.max(-slackY, Math.min(slackY, y));
    picture.style.width = `${width * scale}px`;
    picture.style.height = `${height * scale}px`;
    picture.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px)`;
    stage.classList.toggle("zoomed", !isFit());
    acts.change(scale, isFit());
  };
  /** Zooms around a point of the screen. @param {number} to @param {{ x: number, y: number }} [at] */
  const zoom = (to, at) => {
    const next = Math.max(fit(), Math.min(Math.max(MOST, fit()), to));
    const box = stage.getBoundingClientRect();
    const dx = at ? at.x - box.left - box.width / 2 : 0;
    const dy = at ? at.y - box.top - box.height / 2 : 0;
    x = dx - ((dx - x) * next) / scale;
    y = dy - ((dy - y) * next) / scale;
    scale = next;
    apply();
  };
  const reset = () => {
    scale = fit();
    x = y = 0;
    apply();
  };

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), {
        x: event.clientX,
        y: event.clientY,
      });
    },
    { passive: false },
  );
  stage.addEventListener("dblclick", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    if (isFit()) zoom(Math.max(1, fit() * 2.5), { x: event.clientX, y: event.clientY });
    else reset();
  });
  stage.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    start = { x: event.clientX, y: event.clientY };
    hasMoved = false;
    pinch = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    pointers.set(event.pointerId, now);
    const [one, two] = [...pointers.values()];
    if (one && two) {
      const distance = Math.hypot(one.x - two.x, one.y - two.y);
      if (pinch > 0)
        zoom((scale * distance) / pinch, { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 });
      pinch = distance;
      hasMoved = true;
    } else if (!isFit()) {
      x += now.x - before.x;
      y += now.y - before.y;
      hasMoved = true;
      apply();
    }
  });
  const release = (/** @type {PointerEvent} */ event) => {
    if (!pointers.delete(event.pointerId)) return;
    pinch = 0;
    const dx = event.clientX - start.x;
    const isSwipe =
      event.pointerType === "touch" &&
      !hasMoved &&
      isFit() &&
      Math.abs(dx) > 60 &&
      Math.abs(event.clientY - start.y) < 80;
    if (event.type === "pointerup" && isSwipe) acts.swipe(dx < 0 ? 1 : -1);
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  new ResizeObserver(() => (isFit() ? reset() : apply())).observe(stage);

  return {
    reset,
    in: () => zoom(scale * 1.5),
    out: () => zoom(scale / 1.5),
    actual: () => zoom(1),
    /** @param {number} dx @param {number} dy */
    pan(dx, dy) {
      if (isFit()) return false;
      x += dx;
      y += dy;
      apply();
      return true;
    },
  };
}

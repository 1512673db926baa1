// Search where the pages are files: browsers start no Worker from a file, so an invisible frame of this
// page takes its place. mkdocs-material runs its search in what `Worker` makes, and asks whether
// `IFrameWorker` is there.
if (location.protocol === "file:") {
  class FrameWorker extends EventTarget {
    constructor(url) {
      super()
      this.waiting = [] // what is sent before the script runs
      this.inside = null
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.title = "search"
      frame.srcdoc = "<!doctype html><title>search</title>"
      frame.addEventListener("load", () => this.start(frame.contentWindow, new URL(url, location.href)), {once: true})
      document.body.append(frame)
    }

    start(inside, url) {
      inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", {data}))
      inside.importScripts = (...urls) => urls.reduce(
        (before, next) => before.then(() => loaded(inside, next)), Promise.resolve())
      loaded(inside, url).then(() => {
        this.inside = inside
        for (const data of this.waiting.splice(0)) this.postMessage(data)
      })
    }

    postMessage(data) {
      if (this.inside === null) this.waiting.push(data)
      else this.inside.dispatchEvent(new MessageEvent("message", {data}))
    }

    terminate() {
      this.inside = null
    }
  }

  const loaded = (inside, url) => new Promise((done, failed) => {
    const script = inside.document.createElement("script")
    script.src = url
    script.onload = done
    script.onerror = failed
    inside.document.head.append(script)
  })

  window.Worker = window.IFrameWorker = FrameWorker
}

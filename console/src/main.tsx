import { render } from 'preact'
import { App } from './app.js'
import { authorization } from './service.js'
import './styles/tokens.css'
import './styles/controls.css'
import './styles/floating.css'
import './styles/states.css'
import './styles/layout.css'
import './styles/portrait.css'
import './styles/gallery.css'
import './styles/card.css'
import './styles/selection.css'
import './styles/persona.css'
import './styles/rows.css'
import './styles/history.css'
import './styles/talk.css'
import './styles/files.css'
import './styles/settings.css'
import { carryOutNow } from './toasts.js'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)

window.addEventListener('pagehide', () => {
  carryOutNow((path, body) => {
    const headers = { 'content-type': 'application/json', ...authorization() }
    void fetch(path, { method: 'POST', body, headers, keepalive: true })
  })
})

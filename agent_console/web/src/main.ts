import { createPinia } from 'pinia'
import { createApp, watch } from 'vue'

import App from './App.vue'
import { whenSignedOut } from './api/http'
import { i18n, speak } from './i18n'
import { router } from './router'
import { useSession } from './session/session'
import { usePrefs } from './shell/prefs'
import './styles/tokens.css'
import './styles/base.css'

const app = createApp(App)
app.use(createPinia())
app.use(i18n)
await speak(usePrefs().language)
const session = useSession()
whenSignedOut(() => { if (session.session) session.forget(true) })
watch(() => session.ended, (ended) => {
  if (ended) void router.push({ name: 'login', query: { next: router.currentRoute.value.fullPath } })
})
app.use(router)
app.mount('#app')

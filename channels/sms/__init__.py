"""SMS and WhatsApp through Twilio: receive (webhooks), parse (pure), send (one attempt), settings.

Owns Twilio's dialect: its forms, its signature, its statuses and its REST API. Must not know
customers, conversations, queues, or how anything is stored.
"""

"""The channels: e-mail by SMTP, chat and webhooks by Apprise."""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import urlsplit

from cms.application.ports import OutboxEntry
from cms.domain.errors import NotificationError
from cms.notifications.messages import Message, render

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


class Channel(Protocol):
    """Carries a message to a recipient."""

    def send(self, message: Message, *, recipient: str, key: str) -> None:
        """Send; the deduplication key goes along, so that a receiver can tell a repeated message.

        Raises
        ------
        NotificationError
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ChannelNotifier:
    """Sends each notice on the channel it names."""

    channels: Mapping[str, Channel]

    def send(self, entry: OutboxEntry) -> None:
        """Render and send a notice.

        Raises
        ------
        NotificationError
        """
        notice = entry.notice
        channel = self.channels.get(notice.channel)
        if channel is None:
            known = ", ".join(sorted(self.channels))
            text = f"channel {notice.channel!r} is not set up; there are: {known}"
            raise NotificationError(text, is_permanent=True)
        channel.send(render(notice), recipient=notice.recipient, key=notice.deduplication_key)


@dataclass(frozen=True, kw_only=True)
class EmailChannel:
    """E-mail through an SMTP server; a refused recipient is permanent, everything else is tried again."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = False
    timeout_seconds: float = 20.0

    def send(self, message: Message, *, recipient: str, key: str) -> None:
        """Send one e-mail; its Message-ID is made from the key.

        Raises
        ------
        NotificationError
        """
        if not _ADDRESS.fullmatch(recipient):
            raise NotificationError(f"{recipient!r} is no e-mail address", is_permanent=True)
        letter = self._letter(message, recipient, key)
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds) as server:
                if self.starttls:
                    server.starttls(context=ssl.create_default_context())
                if self.user and self.password:
                    server.login(self.user, self.password)
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            text = f"the mail server refused {recipient} (code {code})"
            raise NotificationError(text, is_permanent=500 <= code < 600) from None
        except smtplib.SMTPAuthenticationError as error:
            text = f"the mail server refused user {self.user!r} (code {error.smtp_code}); check CMS_SMTP_PASSWORD"
            raise NotificationError(text) from None
        except (smtplib.SMTPException, OSError) as error:
            text = f"mail server {self.host}:{self.port}: {error.__class__.__name__}: {error}"
            raise NotificationError(text) from None

    def _letter(self, message: Message, recipient: str, key: str) -> EmailMessage:
        letter = EmailMessage()
        letter["From"] = self.sender
        letter["To"] = recipient
        letter["Subject"] = message.subject
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        letter["Message-ID"] = f"<{digest}@{self.sender.rpartition('@')[2] or 'localhost'}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text)
        return letter


@dataclass(frozen=True, kw_only=True)
class AppriseChannel:
    """Chat and webhooks, at an Apprise address (``slack://…``, ``json://…``); the address is a secret."""

    url: str = field(repr=False)

    def send(self, message: Message, *, recipient: str, key: str) -> None:
        """Send; the text names whom it is about and carries the key.

        Raises
        ------
        NotificationError
        """
        import apprise  # noqa: PLC0415 - loads a hundred services

        target = apprise.Apprise()
        if not target.add(self.url):
            scheme = urlsplit(self.url).scheme
            raise NotificationError(f"the address of form {scheme}://… is not understood", is_permanent=True)
        body = f"{message.text}\n({recipient}, {key})"
        if not target.notify(title=message.subject, body=body):
            raise NotificationError(f"the {urlsplit(self.url).scheme} service did not take the message")

"""Topics of a broker: a message is committed here before it is acknowledged there."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy.exc import SQLAlchemyError

from ewater.errors import EWaterError
from ewater.ingest.sources.model import plain
from ewater.store import posts

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage
    from sqlalchemy import Engine

    from ewater.ingest.sources.model import MqttSource

_MOST = 1000  # messages in one transaction
_PAUSE_S = 2.0
_log = logging.getLogger(__name__)


class Subscription:
    """Keeps what a broker delivers as posts, until it is stopped.

    The broker keeps the session: what comes while nobody listens, and whatever was
    not acknowledged, is delivered again.

    Parameters
    ----------
    engine
        Where messages are kept.
    source
        The broker and its topics.
    by_profile
        Whether messages are read by a profile, or are canonical readings.
    """

    def __init__(self, engine: Engine, source: MqttSource, *, by_profile: bool) -> None:
        self._engine, self._source, self._by_profile = engine, source, by_profile
        self._messages: queue.SimpleQueue[MQTTMessage | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._client = self._make()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Connect in the background; go on trying while that fails."""
        source = self._source
        self._client.connect_async(source.host, source.port, keepalive=30)
        self._client.loop_start()
        self._keeper.start()

    def stop(self) -> None:
        """Keep what was delivered, then disconnect; the session stays."""
        self._stopped.set()
        self._messages.put(None)
        self._keeper.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _make(self) -> Client:
        source = self._source
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=source.client,
            clean_session=False,
            protocol=MQTTv311,
            manual_ack=True,
        )
        if source.tls:
            client.tls_set()
        if source.user is not None:
            password = source.password.read() if source.password else None
            client.username_pw_set(plain(source.user), password)
        client.reconnect_delay_set(1, 60)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = lambda _client, _data, message: self._messages.put(message)
        client.on_disconnect = self._disconnected
        return client

    def _connected(
        self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            _log.warning("source %s: the broker refuses: %s", self._source.name, reason)
            return
        client.subscribe(self._source.topic, qos=1)

    def _subscribed(
        self, _client: Client, _data: Any, _mid: Any, reasons: Any, _properties: Any
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                name, topic = self._source.name, self._source.topic
                _log.warning("source %s: no subscription to %s", name, topic)

    def _disconnected(
        self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if not self._stopped.is_set():
            _log.warning("source %s: disconnected: %s", self._source.name, reason)

    def _keep(self) -> None:
        """Commit what has come and acknowledge it; the next batch comes meanwhile."""
        while True:
            first = self._messages.get()
            batch = [] if first is None else [first]
            while len(batch) < _MOST and not self._messages.empty():
                message = self._messages.get()
                batch += [] if message is None else [message]
            if batch:
                self._commit(batch)
            if self._stopped.is_set() and self._messages.empty():
                return

    def _commit(self, batch: list[MQTTMessage]) -> None:
        while True:
            try:
                with self._engine.begin() as connection:
                    for message in batch:
                        body = bytes(message.payload)
                        posts.keep(
                            connection,
                            body,
                            format=self._format(body),
                            source=self._source.name,
                            topic=message.topic.replace("\0", ""),
                        )
                break
            except (SQLAlchemyError, EWaterError) as error:
                # Nothing is acknowledged: if this process ends, all is sent again.
                _log.warning("source %s: not kept: %s", self._source.name, error)
                if self._stopped.wait(_PAUSE_S):
                    return
        for message in batch:
            self._client.ack(message.mid, message.qos)

    def _format(self, body: bytes) -> str:
        return "profile" if self._by_profile else posts.format_of(body)

"""Configuration files of the private cluster.

They are written anew at every start, because the socket folder, the memory of the
machine and the person who runs it may have changed. What an administrator sets with
``ALTER SYSTEM`` wins over them and is kept.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SUPERUSER = "ewater"
PORT = "5432"  # never opened: it only names the socket file

_MIB = 2**20
_SMALL_SHM = 1024 * _MIB


def memory() -> int:
    """Bytes of memory this process may use: the container's limit if it has one."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def _shared_memory_type() -> str:
    """Avoid /dev/shm where a container makes it too small for parallel queries."""
    try:
        space = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size only
    except OSError:
        return "mmap"
    return "posix" if space.f_blocks * space.f_frsize >= _SMALL_SHM else "mmap"


def server(socket: Path, *, durable: bool) -> str:
    """Write the settings of the server: the text of ``ewater.conf``.

    ``durable=False`` gives up crash safety, for databases that are thrown away.
    """
    available = memory()
    buffers = min(max(available // 8, 64 * _MIB), 2048 * _MIB) // _MIB
    work = min(max(available // 512, 8 * _MIB), 64 * _MIB) // _MIB
    lines = {
        "listen_addresses": "''",  # no TCP: only the socket below leads in
        "unix_socket_directories": f"'{socket}'",
        "unix_socket_permissions": "0700",
        "port": PORT,
        "max_connections": "200",
        "max_locks_per_transaction": "256",  # one per partition touched
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(available // 2 // _MIB, 128)}MB",
        "work_mem": f"{work}MB",
        "maintenance_work_mem": f"{4 * work}MB",
        "dynamic_shared_memory_type": _shared_memory_type(),
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on" if durable else "off",  # what is read by nobody
        "wal_level": "minimal",  # no replicas here, and bulk loads write half as much
        "max_wal_senders": "0",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %q%a '",
        "fsync": "on" if durable else "off",
        "synchronous_commit": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
    }
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


def client_authentication() -> str:
    """Text of ``pg_hba.conf``: only through the socket, only the mapped users."""
    return f"local all {SUPERUSER} peer map=ewater\n"


def user_map(system_users: Iterable[str]) -> str:
    """Text of ``pg_ident.conf``: who may act as the superuser of the cluster."""
    return "".join(f'ewater "{user}" {SUPERUSER}\n' for user in system_users)

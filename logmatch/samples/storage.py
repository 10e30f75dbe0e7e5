"""storage: the log of a block store. Its templates are in `storage.toml`."""

from __future__ import annotations

from logmatch.samples.grammar import USERS, Chance, Clock, Slots, System


def _slots(chance: Chance) -> Slots:
    names = [f"vault-{rack}{number:02}.example.net" for rack in "abc" for number in range(1, 21)]
    return {
        "time": Clock(chance, lambda day: f"{day.year}-{day.month:02}-{day.day:02} ", 0.05, ",%03d", 1000),
        "address": chance.addresses(240, "10.64.0.", "10.64.1.", "10.65.7."),
        "name": chance.pool(names),
        "serving": ("7070", "7071", "7443"),
        "high": chance.number(32_768, 60_999),
        "node": ("{address}:{serving}",),
        "client": ("{address}:{high}",),
        "half": chance.hex(8),
        "id": ("blk-{half}{half}",),
        "uuid": chance.uuid,
        "odd_size": chance.number(1, 67_108_864),
        "size": ("67108864", "67108864", "{odd_size}"),
        "few": chance.number(1, 4),
        "dozen": chance.number(10, 60),
        "many": chance.number(100_000, 999_999),
        "millis": chance.decimal(900, 2),
        "tenths": chance.decimal(90, 1),
        "percent": chance.decimal(100, 2),
        "full": chance.number(90, 101),
        "rack": (" (rack /eu1/r{dozen})", " (rack /eu2/r{dozen})", ""),
        "volume": ("/vol/0", "/vol/1", "/vol/2", "/vol/cold-0"),
        "file": (
            *("/lake/clicks/part-{many}", "/lake/orders/2025-03-02/part-{many}", "/tmp/sort-{few}.{many}"),
            "/home/ines/models/run-{dozen}",
        ),
        "targets": ("{node}", "{node}, {node}", "{node}, {node}, {node}"),
        "capacity": ("21.8", "43.6", "87"),
        "lease": ("granted", "renewed", "renewed", "renewed", "released", "expired"),
        "user": chance.pool(USERS),
        "pair": chance.hex(2),
        "mac": ("{pair}:{pair}:{pair}:{pair}:{pair}:{pair}",),
        "mark": ("suspect", "suspect", "dead"),
        "snapshot": ("nightly", "before upgrade", 'the \\"good\\" one'),
        "until": (" kept until 2025-04-{dozen_days}", ""),
        "dozen_days": chance.number(10, 30),
        "free": (
            *("connection reset by 10.64.0.9:7070", "no space left on /vol/1", "ack timeout ({many} us)"),
            "checksum: ab12 != ab13",
        ),
    }


SYSTEM = System(
    kinds={
        name: (weight, f"{{time}} {level} vault.{part}: {text}")
        for name, weight, level, part, text in (
            (
                "block-received",
                100,
                "INFO",
                "Node$Receiver",
                "Received {id} of {size} bytes from {client} in {millis} ms",
            ),
            ("replica-added", 85, "INFO", "Steward", "Added replica of {id} on {node}{rack}"),
            ("block-served", 70, "INFO", "Node$Sender", "Served {id} to {client}, {size} bytes from offset {odd_size}"),
            ("block-stored", 55, "INFO", "Node", "Stored {id} generation {many} at {volume}/live/{dozen}"),
            (
                *("heartbeat", 40, "DEBUG", "Steward$Beats"),
                "Heartbeat from {name}:7070: {percent}% of {capacity} TiB used, {many} blocks",
            ),
            ("block-verified", 35, "DEBUG", "Verifier", "Verified {id}: checksum {half} matches"),
            ("block-deleted", 30, "INFO", "Node$Cleaner", "Deleted {id} ({size} bytes freed)"),
            ("lease-changed", 25, "INFO", "Leases", "Lease of {file} {lease} for client {user}@{dozen}"),
            ("pipeline-opened", 20, "INFO", "Node$Writer", "Write pipeline {uuid} opened for {file} with {few} nodes"),
            ("copy-asked", 12, "INFO", "Steward", "Asked {node} to copy {id} to {targets}"),
            ("under-replicated", 10, "WARN", "Steward", "{id} has {few} of 4 replicas"),
            ("pipeline-failed", 4, "ERROR", "Node$Writer", "Write pipeline {uuid} failed at node {few}: {free}"),
            ("block-corrupt", 2, "ERROR", "Verifier", "Verified {id}: checksum {half} differs from {half}"),
            ("node-silent", 2, "WARN", "Steward$Beats", "No heartbeat from {name}:7070 for {tenths} s, marked {mark}"),
            ("node-registered", 2, "INFO", "Steward", "Node {name} registered: {mac}, serial VX{many}"),
            ("data-balanced", 2, "INFO", "Balancer", "Balancer moved {tenths} GiB, deviation now {percent}%"),
            (
                *("volume-scanned", 2, "INFO", "Scanner"),
                "Scan of volume {volume} finished: {many} blocks, {few} bad, took 0{few}:{dozen}:{dozen}",
            ),
            ("volume-full", 2, "ERROR", "Node", "Volume {volume} is {full}% full"),
            ("snapshot-made", 2, "INFO", "Snapshots", 'Snapshot "{snapshot}" of {file} by {user}{until}'),
        )
    },
    slots=_slots,
    free="pipeline-failed",
    unknown=(
        "{time} INFO vault.Node: Received {id} of {size} bytes from {name}:7070 in 3.1 ms",
        "{time} INFO vault.Node: Quota of /home/ines raised to {dozen} TiB",
        "{time} WARN vault.Node: blk_{half}{half} has 1 of 3 replicas",
        "{time} FATAL vault.Node: Volume /vol/0 is 100% full",
    ),
    traces=(
        (
            "vault.net.ChannelException: peer went away",
            "\tat vault.Node$Writer.forward(Node.java:811)",
            "\tat vault.Node$Writer.run(Node.java:640)",
        ),
    ),
)

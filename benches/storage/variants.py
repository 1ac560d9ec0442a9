"""The tables of es-postgres and alternatives. Each variant is filled with the same events."""

from dataclasses import dataclass, field

# Like a deposit of the bank account in benches/peers: 97 bytes.
PAYLOAD = """'{"amount":' || (100000 + g % 900000) || ',"note":"000000123456 salary for the month, paid by the employer in full"}'"""

NAMES = "select es.register_names('{account}', '{account.deposited}', '{1}')"
STREAMS = """
insert into es.streams (category, key, revision, head_event_id)
select 1, md5('account' || s), 100, gen_random_uuid() from generate_series(1, {streams}) s order by s"""


def events(columns="", values="", source="", table="es.events"):
    """All streams are interleaved, as when many are in use: the events of one are stored in a hundred places."""
    return (f"insert into {table} (position, stream, revision, recorded_at, event_id, type, payload{columns}) "
            f"select g, (g - 1) % {{streams}} + 1, (g - 1) / {{streams}} + 1, clock_timestamp(), gen_random_uuid(), 1, ({PAYLOAD})::json{values} "
            f"from generate_series(1::bigint, {{events}}) g{source} order by g")


POSITIONS = "select setval('es.positions', {events})"
FILL = [NAMES, STREAMS, events(), POSITIONS]

NEW = """'{"amount":123456,"note":"000000123456 salary for the month, paid by the employer in full"}'"""
PICK = "\\set stream random(1, :streams)\n"

# The revision is looked up in the same statement, as pgbench cannot remember it; this is so in all variants.
APPEND = PICK + f"""
select es.append_one(1, md5('account' || :stream),
    (select revision from es.streams where category = 1 and key = md5('account' || :stream)), null, gen_random_uuid(), 1,
    {NEW}, null, null, null, null, null, null, null, (select token from es.registrations order by id desc limit 1));"""

COLUMNS = "position, revision, type, event_id, recorded_at, occurred_at, correlation_id, causation_id, payload, metadata"
LOAD = PICK + f"""
select {COLUMNS} from es.events
where stream = (select id from es.streams where category = 1 and key = md5('account' || :stream)) order by revision limit 100;"""
PAGE = f"""
\\set after random(0, :events - 1000)
select {COLUMNS}, stream from es.events where position > :after order by position limit 1000;"""


@dataclass
class Variant:
    name: str
    # Changes of the tables before they are filled.
    changes: list = field(default_factory=list)
    # The age of a row from which the first vacuum freezes it.
    freeze_min_age: int = 0
    fill: list | None = None
    append: str | None = None
    load: str | None = None
    page: str | None = None


# Category and key are in each event, and nothing else determines the next revision. The function does what `append_one`
# does, as far as possible: the loser of a race violates the primary key.
NO_STREAMS = [
    "drop view es.event_log", "drop table es.events",
    """create table es.events (
    position bigint not null, revision bigint not null, recorded_at timestamptz not null, occurred_at timestamptz,
    event_id uuid not null, correlation_id uuid, causation_id uuid, category integer not null, type integer not null,
    key text collate "C" not null, payload json not null, metadata json,
    primary key (category, key, revision))""",
    "create unique index events_position on es.events (position)",
    """create function es.append_alone(p_category integer, p_key text, p_expected bigint, p_event_id uuid, p_type integer, p_payload json,
    p_occurred timestamptz, p_correlation uuid, p_causation uuid, p_metadata json, out outcome text, out "position" bigint, out recorded_at timestamptz)
language plpgsql security definer set search_path = es, pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
begin
    if (select e.revision from events e where e.category = p_category and e.key = p_key order by e.revision desc limit 1)
        is distinct from nullif(p_expected, 0) then
        outcome := 'conflict';
        return;
    end if;
    insert into events as e (position, category, key, revision, recorded_at, occurred_at, event_id, correlation_id, causation_id, type,
        payload, metadata)
    values (nextval('positions'), p_category, p_key, p_expected + 1, clock_timestamp(), p_occurred, p_event_id, p_correlation,
        p_causation, p_type, p_payload, p_metadata)
    on conflict (category, key, revision) do nothing
    returning e.position, e.recorded_at into "position", recorded_at;
    outcome := case when "position" is null then 'conflict' else 'appended' end;
end $$""",
]
LATEST = "(select revision from es.events where category = 1 and key = md5('account' || :stream) order by revision desc limit 1)"

ALL_SET = {
    "columns": ", occurred_at, correlation_id, causation_id, metadata",
    "values": ", clock_timestamp(), gen_random_uuid(), gen_random_uuid(), '{\"actor\":\"clerk-112\"}'",
}

VARIANTS = [
    Variant("as they are"),
    Variant(
        "no streams row",
        changes=NO_STREAMS,
        fill=[NAMES, "insert into es.events (position, category, key, revision, recorded_at, event_id, type, payload) "
                "select g, 1, md5('account' || ((g - 1) % {streams} + 1)), (g - 1) / {streams} + 1, clock_timestamp(), gen_random_uuid(), "
                f"1, ({PAYLOAD})::json from generate_series(1::bigint, {{events}}) g order by g", POSITIONS],
        append=PICK + f"select es.append_alone(1, md5('account' || :stream), {LATEST}, gen_random_uuid(), 1, {NEW}, null, null, null, null);",
        load=PICK + f"select {COLUMNS} from es.events where category = 1 and key = md5('account' || :stream) order by revision limit 100;",
        page=PAGE.replace(", stream from", ", category, key from"),
    ),
    Variant("streams filled to 100", changes=["alter table es.streams set (fillfactor = 100)"]),
    Variant("streams filled to 50", changes=["alter table es.streams set (fillfactor = 50)"]),
    Variant("events filled to 90", changes=["alter table es.events set (fillfactor = 90)"]),
    Variant("index on event_id", changes=["create unique index events_event_id on es.events (event_id)"]),
    Variant("position first in the key", changes=[
        "alter table es.events drop constraint events_pkey, add primary key (position)",
        "drop index es.events_position", "create unique index events_stream on es.events (stream, revision)"]),
    Variant("events vacuumed by default", freeze_min_age=50_000_000),
    Variant("payload first", changes=[
        "drop view es.event_log", "drop table es.events",
        """create table es.events (payload json not null, metadata json, type integer not null, position bigint not null,
    stream bigint not null, revision bigint not null, event_id uuid not null, recorded_at timestamptz not null,
    occurred_at timestamptz, correlation_id uuid, causation_id uuid, primary key (stream, revision))""",
        "create unique index events_position on es.events (position)"]),
    Variant("all columns set", fill=[NAMES, STREAMS, events(**ALL_SET), POSITIONS]),
    Variant("all columns set, in metadata", fill=[
        NAMES, STREAMS, events(", metadata", ", json_build_object('actor', 'clerk-112', 'occurred_at', clock_timestamp(), "
                                             "'correlation_id', gen_random_uuid(), 'causation_id', gen_random_uuid())"),
        POSITIONS]),
]

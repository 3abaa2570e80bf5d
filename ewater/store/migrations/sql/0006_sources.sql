CREATE TABLE source (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    said TEXT NOT NULL,
    profile TEXT,
    paused BOOLEAN DEFAULT 'false' NOT NULL,
    actor UUID NOT NULL,
    recorded_from TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    recorded_to TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_source PRIMARY KEY (id),
    CONSTRAINT ck_source_kind CHECK (kind IN ('folder', 'http', 'mqtt', 'push'))
);

CREATE UNIQUE INDEX uq_source_name ON source (name) WHERE recorded_to IS NULL;

COMMENT ON TABLE source IS 'Sources that bring readings by themselves, and how they did';

COMMENT ON COLUMN source.id IS 'Number';

COMMENT ON COLUMN source.name IS 'Name; one current row has it';

COMMENT ON COLUMN source.kind IS 'folder, http, mqtt or push';

COMMENT ON COLUMN source.said IS 'The source as JSON, no secrets';

COMMENT ON COLUMN source.profile IS 'Source profile of its files, as JSON; null: canonical layout';

COMMENT ON COLUMN source.paused IS 'Nothing is taken from it meanwhile';

COMMENT ON COLUMN source.actor IS 'Random id of the person who described it (table person)';

COMMENT ON COLUMN source.recorded_from IS 'Described so since';

COMMENT ON COLUMN source.recorded_to IS 'Described so until; null at present';

CREATE TABLE source_state (
    name TEXT NOT NULL,
    part TEXT DEFAULT '' NOT NULL,
    cursor TIMESTAMP WITH TIME ZONE,
    sha256 BYTEA,
    due TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_source_state PRIMARY KEY (name, part)
);

COMMENT ON TABLE source_state IS 'How far each source has come';

COMMENT ON COLUMN source_state.name IS 'Source';

COMMENT ON COLUMN source_state.part IS 'Site that is asked for by itself; else empty';

COMMENT ON COLUMN source_state.cursor IS 'Readings up to here were asked for and taken';

COMMENT ON COLUMN source_state.sha256 IS 'SHA-256 of the last answer: the same again is nothing new';

COMMENT ON COLUMN source_state.due IS 'Last time of its schedule for which a job was made';

CREATE TABLE source_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT,
    item TEXT DEFAULT '' NOT NULL,
    actor UUID NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    seconds DOUBLE PRECISION,
    state TEXT DEFAULT 'running' NOT NULL,
    attempt INTEGER DEFAULT '1' NOT NULL,
    job BIGINT,
    load_id BIGINT,
    sha256 BYTEA,
    size BIGINT,
    rows_read BIGINT DEFAULT '0' NOT NULL,
    accepted BIGINT DEFAULT '0' NOT NULL,
    rejected BIGINT DEFAULT '0' NOT NULL,
    "new" BIGINT DEFAULT '0' NOT NULL,
    corrected BIGINT DEFAULT '0' NOT NULL,
    unchanged BIGINT DEFAULT '0' NOT NULL,
    error TEXT,
    CONSTRAINT pk_source_run PRIMARY KEY (id),
    CONSTRAINT ck_source_run_state CHECK (state IN ('running', 'done', 'failed', 'lost')),
    CONSTRAINT fk_source_run_load_id FOREIGN KEY(load_id) REFERENCES load (id) ON DELETE SET NULL
);

CREATE INDEX ix_source_run_load_id ON source_run (load_id);

CREATE INDEX ix_source_run_source_id ON source_run (source, id);

COMMENT ON TABLE source_run IS 'Runs of ingest: who, what, how it went; one row each';

COMMENT ON COLUMN source_run.id IS 'Number';

COMMENT ON COLUMN source_run.source IS 'Source, or push; null for a file given by hand';

COMMENT ON COLUMN source_run.item IS 'File, address or batch that was read';

COMMENT ON COLUMN source_run.actor IS 'Random id of the person or account that ran it (table person)';

COMMENT ON COLUMN source_run.started_at IS 'Start';

COMMENT ON COLUMN source_run.seconds IS 'Duration; null while running, and of lost runs';

COMMENT ON COLUMN source_run.state IS 'running, done, failed, or lost: its process ended before it could say';

COMMENT ON COLUMN source_run.attempt IS '1, and more when it was tried again';

COMMENT ON COLUMN source_run.job IS 'Job of the queue (jobs.procrastinate_jobs); null by hand';

COMMENT ON COLUMN source_run.load_id IS 'Load it made';

COMMENT ON COLUMN source_run.sha256 IS 'SHA-256 of the bytes as received';

COMMENT ON COLUMN source_run.size IS 'Bytes as received';

COMMENT ON COLUMN source_run.rows_read IS 'Rows read';

COMMENT ON COLUMN source_run.accepted IS 'Rows that passed every check';

COMMENT ON COLUMN source_run.rejected IS 'Rows kept in table reject';

COMMENT ON COLUMN source_run."new" IS 'Accepted, for an instant without value';

COMMENT ON COLUMN source_run.corrected IS 'Accepted, replaces another value';

COMMENT ON COLUMN source_run.unchanged IS 'Accepted and nothing new: known already, or outdated';

COMMENT ON COLUMN source_run.error IS 'Why it failed; null if it did not';

CREATE TABLE push_key (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    patterns TEXT[] NOT NULL,
    per_minute INTEGER,
    actor UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_push_key PRIMARY KEY (id),
    CONSTRAINT uq_push_key_name UNIQUE (name)
);

COMMENT ON TABLE push_key IS 'Keys by which loggers may post readings';

COMMENT ON COLUMN push_key.id IS 'First part of the key, not secret';

COMMENT ON COLUMN push_key.name IS 'Who has it';

COMMENT ON COLUMN push_key.sha256 IS 'SHA-256 of the whole key';

COMMENT ON COLUMN push_key.patterns IS 'Series it may write, * stands for anything';

COMMENT ON COLUMN push_key.per_minute IS 'Posts it may send in a minute; null: no limit';

COMMENT ON COLUMN push_key.actor IS 'Random id of the person who gave it (table person)';

COMMENT ON COLUMN push_key.created_at IS 'When it was given';

COMMENT ON COLUMN push_key.revoked_at IS 'When it was taken back; null while it holds';

COMMENT ON COLUMN push_key.last_used IS 'Last post that became part of a load';

CREATE TABLE post (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT,
    key_id TEXT,
    topic TEXT,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    format TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    body BYTEA NOT NULL,
    load_id BIGINT,
    first_line BIGINT,
    last_line BIGINT,
    error TEXT,
    CONSTRAINT pk_post PRIMARY KEY (id),
    CONSTRAINT ck_post_format CHECK (format IN ('csv', 'json', 'profile')),
    CONSTRAINT fk_post_key_id FOREIGN KEY(key_id) REFERENCES push_key (id),
    CONSTRAINT fk_post_load_id FOREIGN KEY(load_id) REFERENCES load (id)
);

CREATE INDEX ix_post_key_id_received_at ON post (key_id, received_at);

CREATE INDEX ix_post_load_id ON post (load_id);

CREATE INDEX ix_post_waiting ON post (id) WHERE load_id IS NULL AND error IS NULL;

COMMENT ON TABLE post IS 'Bodies as received by push or subscription, before any check';

COMMENT ON COLUMN post.id IS 'Receipt';

COMMENT ON COLUMN post.source IS 'Source it was sent to; null: canonical readings by a key';

COMMENT ON COLUMN post.key_id IS 'Key it came with; null from a broker';

COMMENT ON COLUMN post.topic IS 'Topic at the broker; null for a post';

COMMENT ON COLUMN post.received_at IS 'Arrival';

COMMENT ON COLUMN post.format IS 'csv or json, canonical; profile: as its source says';

COMMENT ON COLUMN post.sha256 IS 'SHA-256 of the body, unpacked';

COMMENT ON COLUMN post.body IS 'The body, unpacked';

COMMENT ON COLUMN post.load_id IS 'Load it became part of';

COMMENT ON COLUMN post.first_line IS 'Its first line in the file of the load';

COMMENT ON COLUMN post.last_line IS 'Its last line in the file of the load';

COMMENT ON COLUMN post.error IS 'Why it could not be loaded; cleared to try again';

ALTER TABLE load ADD COLUMN taken_from TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN load.taken_from IS 'Rows before this were left out; null: none was';

ALTER TABLE load ADD COLUMN taken_to TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN load.taken_to IS 'Rows from this on were left out; null: none was';

ALTER TABLE load ADD COLUMN outside BIGINT DEFAULT 0 NOT NULL;

COMMENT ON COLUMN load.outside IS 'Rows left out so, not counted as read';

CREATE TABLE person (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (id),
    CONSTRAINT uq_person_name UNIQUE (name)
);

COMMENT ON TABLE person IS 'Names of people; deleting a row forgets the name';

COMMENT ON COLUMN person.id IS 'Random id by which all else names the person';

COMMENT ON COLUMN person.name IS 'Account name';

CREATE TABLE landed_file (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    sha256 BYTEA,
    size BIGINT NOT NULL,
    landed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_landed_file PRIMARY KEY (id),
    CONSTRAINT uq_landed_file_sha256 UNIQUE (sha256)
);

CREATE INDEX ix_landed_file_size ON landed_file (size);

COMMENT ON TABLE landed_file IS 'Raw files as received, each content once';

COMMENT ON COLUMN landed_file.id IS 'Number';

COMMENT ON COLUMN landed_file.sha256 IS 'SHA-256 of the bytes as received; null until all have landed';

COMMENT ON COLUMN landed_file.size IS 'Bytes as received';

COMMENT ON COLUMN landed_file.landed_at IS 'First landing';

CREATE TABLE daily (
    series_id INTEGER NOT NULL,
    calendar TEXT NOT NULL,
    day DATE NOT NULL,
    starts TIMESTAMP WITH TIME ZONE NOT NULL,
    ends TIMESTAMP WITH TIME ZONE NOT NULL,
    volume DOUBLE PRECISION,
    mean DOUBLE PRECISION,
    min DOUBLE PRECISION,
    max DOUBLE PRECISION,
    start_value DOUBLE PRECISION,
    observed_s DOUBLE PRECISION NOT NULL,
    count INTEGER NOT NULL,
    volume_pass DOUBLE PRECISION,
    volume_not_evaluated DOUBLE PRECISION,
    volume_suspect DOUBLE PRECISION,
    input_version TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_daily PRIMARY KEY (series_id, calendar, day),
    CONSTRAINT fk_daily_series_id FOREIGN KEY(series_id) REFERENCES series_key (id)
);

COMMENT ON TABLE daily IS 'Daily volumes of the present; older states are in the chunks';

COMMENT ON COLUMN daily.series_id IS 'Series';

COMMENT ON COLUMN daily.calendar IS 'Calendar whose day this is; UTC if none';

COMMENT ON COLUMN daily.day IS 'Local day';

COMMENT ON COLUMN daily.starts IS 'Start of the day, included';

COMMENT ON COLUMN daily.ends IS 'End of the day, excluded';

COMMENT ON COLUMN daily.volume IS 'm3 observed; null if nothing was, or no volume is measured';

COMMENT ON COLUMN daily.mean IS 'Mean of the readings, SI unit of the quantity';

COMMENT ON COLUMN daily.min IS 'Smallest reading';

COMMENT ON COLUMN daily.max IS 'Largest reading';

COMMENT ON COLUMN daily.start_value IS 'Value at the start of the day; null unless instantaneous';

COMMENT ON COLUMN daily.observed_s IS 'Seconds of the day for which the volume is known';

COMMENT ON COLUMN daily.count IS 'Readings in the day';

COMMENT ON COLUMN daily.volume_pass IS 'Part of volume from readings flagged pass; null where a day of a counter mixes flags';

COMMENT ON COLUMN daily.volume_not_evaluated IS 'Part of volume from readings not evaluated';

COMMENT ON COLUMN daily.volume_suspect IS 'Part of volume from suspect readings; failed ones give none';

COMMENT ON COLUMN daily.input_version IS 'Recorded time up to which readings were taken';

CREATE TABLE daily_due (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    series_id INTEGER NOT NULL,
    first_time TIMESTAMP WITH TIME ZONE NOT NULL,
    last_time TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_daily_due PRIMARY KEY (id),
    CONSTRAINT fk_daily_due_series_id FOREIGN KEY(series_id) REFERENCES series_key (id)
);

COMMENT ON TABLE daily_due IS 'Changed times whose days wait to be summed';

COMMENT ON COLUMN daily_due.id IS 'Number';

COMMENT ON COLUMN daily_due.series_id IS 'Series';

COMMENT ON COLUMN daily_due.first_time IS 'First changed reading';

COMMENT ON COLUMN daily_due.last_time IS 'Last changed reading';

CREATE TABLE landed_piece (
    file_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_landed_piece PRIMARY KEY (file_id, number),
    CONSTRAINT fk_landed_piece_file_id FOREIGN KEY(file_id) REFERENCES landed_file (id) ON DELETE CASCADE
);

COMMENT ON TABLE landed_piece IS 'Compressed pieces of landed files';

COMMENT ON COLUMN landed_piece.file_id IS 'File the piece belongs to';

COMMENT ON COLUMN landed_piece.number IS 'Order, from 0';

COMMENT ON COLUMN landed_piece.size IS 'Bytes before compression';

COMMENT ON COLUMN landed_piece.content IS 'zstd frame';

CREATE TABLE load (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    file_id BIGINT,
    actor UUID,
    owner_key BIGINT NOT NULL,
    replay_of BIGINT,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_from TIMESTAMP WITH TIME ZONE,
    seconds DOUBLE PRECISION,
    rows_read BIGINT DEFAULT '0' NOT NULL,
    accepted BIGINT DEFAULT '0' NOT NULL,
    rejected BIGINT DEFAULT '0' NOT NULL,
    "new" BIGINT DEFAULT '0' NOT NULL,
    corrected BIGINT DEFAULT '0' NOT NULL,
    unchanged BIGINT DEFAULT '0' NOT NULL,
    outdated BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_load PRIMARY KEY (id),
    CONSTRAINT ck_load_kind CHECK (kind IN ('readings', 'reports', 'edit')),
    CONSTRAINT ck_load_all_rows_counted CHECK (rows_read = accepted + rejected),
    CONSTRAINT ck_load_accepted_rows_counted CHECK (accepted = new + corrected + unchanged + outdated),
    CONSTRAINT fk_load_file_id FOREIGN KEY(file_id) REFERENCES landed_file (id),
    CONSTRAINT fk_load_replay_of FOREIGN KEY(replay_of) REFERENCES load (id),
    CONSTRAINT uq_load_recorded_from UNIQUE (recorded_from)
);

CREATE INDEX ix_load_file_id ON load (file_id);

COMMENT ON TABLE load IS 'One row per load; unpublished ones are invisible to readers';

COMMENT ON COLUMN load.id IS 'Number';

COMMENT ON COLUMN load.kind IS 'readings, reports or edit';

COMMENT ON COLUMN load.source IS 'Name of the file, or of the act';

COMMENT ON COLUMN load.file_id IS 'Raw file; null for an edit';

COMMENT ON COLUMN load.actor IS 'Random id of the person who ran it (table person)';

COMMENT ON COLUMN load.owner_key IS 'Advisory lock its process holds until it is published';

COMMENT ON COLUMN load.replay_of IS 'Load whose held rows were loaded again';

COMMENT ON COLUMN load.started_at IS 'Start of the run';

COMMENT ON COLUMN load.issued_at IS 'When the source issued it: decides which reading replaces which';

COMMENT ON COLUMN load.recorded_from IS 'When it was published; null while staged';

COMMENT ON COLUMN load.seconds IS 'Duration of the run';

COMMENT ON COLUMN load.rows_read IS 'Rows in the file';

COMMENT ON COLUMN load.accepted IS 'Rows that passed every check';

COMMENT ON COLUMN load.rejected IS 'Rows kept in table reject';

COMMENT ON COLUMN load."new" IS 'Accepted, for an instant without value';

COMMENT ON COLUMN load.corrected IS 'Accepted, replaces another value';

COMMENT ON COLUMN load.unchanged IS 'Accepted, says what is known already';

COMMENT ON COLUMN load.outdated IS 'Accepted, but issued no later than the reading in place';

CREATE TABLE reject (
    load_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    raw TEXT NOT NULL,
    held BOOLEAN NOT NULL,
    resolved_by BIGINT,
    CONSTRAINT pk_reject PRIMARY KEY (load_id, line),
    CONSTRAINT fk_reject_load_id FOREIGN KEY(load_id) REFERENCES load (id) ON DELETE CASCADE,
    CONSTRAINT fk_reject_resolved_by FOREIGN KEY(resolved_by) REFERENCES load (id)
);

CREATE INDEX ix_reject_resolved_by ON reject (resolved_by);

COMMENT ON TABLE reject IS 'Rows that were not loaded, with the reason';

COMMENT ON COLUMN reject.load_id IS 'Load that read the row';

COMMENT ON COLUMN reject.line IS 'Line in the file, header is line 1';

COMMENT ON COLUMN reject.reason IS 'Stable code of the reason';

COMMENT ON COLUMN reject.detail IS 'What is wrong and what is right';

COMMENT ON COLUMN reject.raw IS 'Text of the row as received';

COMMENT ON COLUMN reject.held IS 'May be loaded once what it needs is registered';

COMMENT ON COLUMN reject.resolved_by IS 'Load that took the row after all';

CREATE TABLE chunk (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    first_time TIMESTAMP WITH TIME ZONE NOT NULL,
    last_time TIMESTAMP WITH TIME ZONE NOT NULL,
    series_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    load_id BIGINT,
    newest TIMESTAMP WITH TIME ZONE,
    content_hash BYTEA NOT NULL,
    payload BYTEA NOT NULL,
    CONSTRAINT pk_chunk PRIMARY KEY (id, first_time),
    CONSTRAINT ck_chunk_kind CHECK (kind IN ('base', 'past', 'delta')),
    CONSTRAINT ck_chunk_times_ordered CHECK (last_time >= first_time),
    CONSTRAINT ck_chunk_count CHECK (count BETWEEN 1 AND 100000),
    CONSTRAINT ck_chunk_origin CHECK ((kind = 'delta') = (load_id IS NOT NULL)),
    CONSTRAINT ck_chunk_newest CHECK ((kind = 'delta') = (newest IS NULL)),
    CONSTRAINT ex_chunk_base EXCLUDE USING gist (series_id WITH =, tstzrange(first_time, last_time, '[]') WITH &&) WHERE (kind = 'base'),
    CONSTRAINT fk_chunk_series_id FOREIGN KEY(series_id) REFERENCES series_key (id),
    CONSTRAINT fk_chunk_load_id FOREIGN KEY(load_id) REFERENCES load (id)
);

CREATE INDEX ix_chunk_series_id_first_time ON chunk (series_id, first_time);

CREATE INDEX ix_chunk_series_id_last_time ON chunk (series_id, last_time);

CREATE INDEX ix_chunk_load_id ON chunk (load_id);

COMMENT ON TABLE chunk IS 'Readings as compressed columnar payloads (docs/chunk-format.md)';

COMMENT ON COLUMN chunk.id IS 'Number';

COMMENT ON COLUMN chunk.first_time IS 'Time of the first reading';

COMMENT ON COLUMN chunk.last_time IS 'Time of the last reading';

COMMENT ON COLUMN chunk.series_id IS 'Series the readings belong to';

COMMENT ON COLUMN chunk.kind IS 'delta: one load''s changes; base: folded, newest versions; past: folded, replaced versions';

COMMENT ON COLUMN chunk.count IS 'Readings in the payload';

COMMENT ON COLUMN chunk.load_id IS 'Load of a delta: visible once that load is published';

COMMENT ON COLUMN chunk.newest IS 'Of base and past: latest recorded time folded into it';

COMMENT ON COLUMN chunk.content_hash IS 'SHA-256 of the payload';

COMMENT ON COLUMN chunk.payload IS 'Columns of the readings, version in the first byte';

CREATE TABLE edition (
    name TEXT NOT NULL,
    territory TEXT NOT NULL,
    period_start TIMESTAMP WITH TIME ZONE NOT NULL,
    period_end TIMESTAMP WITH TIME ZONE NOT NULL,
    step TEXT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    root BYTEA NOT NULL,
    CONSTRAINT pk_edition PRIMARY KEY (name),
    CONSTRAINT ck_edition_period_is_ordered CHECK (period_end > period_start)
);
COMMENT ON TABLE edition IS 'Sealed accounts; rows only ever come';
COMMENT ON COLUMN edition.name IS 'Name';
COMMENT ON COLUMN edition.territory IS 'Territory that it accounts for, with its parts';
COMMENT ON COLUMN edition.period_start IS 'Included';
COMMENT ON COLUMN edition.period_end IS 'Excluded';
COMMENT ON COLUMN edition.step IS 'day, decade, month, quarter, year';
COMMENT ON COLUMN edition.as_of IS 'Data and registry recorded by then are its inputs';
COMMENT ON COLUMN edition.root IS 'Root of the Merkle tree over its parts (docs/editions.md)';

CREATE TABLE edition_part (
    edition TEXT NOT NULL,
    name TEXT NOT NULL,
    root BYTEA NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_edition_part PRIMARY KEY (edition, name),
    CONSTRAINT fk_edition_part_edition FOREIGN KEY(edition) REFERENCES edition (name)
);
COMMENT ON TABLE edition_part IS 'Parts of editions, line by line; never changed';
COMMENT ON COLUMN edition_part.edition IS 'Edition';
COMMENT ON COLUMN edition_part.name IS 'Part: its file in the archive';
COMMENT ON COLUMN edition_part.root IS 'Root of the Merkle tree over its lines';
COMMENT ON COLUMN edition_part.content IS 'Size (u64, little-endian), then the lines in UTF-8 as zstd frame';

CREATE TABLE edition_log (
    seq BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    edition TEXT NOT NULL,
    state TEXT NOT NULL,
    root BYTEA NOT NULL,
    person UUID NOT NULL,
    key BYTEA NOT NULL,
    note TEXT NOT NULL,
    prev BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    CONSTRAINT pk_edition_log PRIMARY KEY (seq),
    CONSTRAINT ck_edition_log_state CHECK (state IN ('draft', 'reviewed', 'approved', 'published', 'withdrawn')),
    CONSTRAINT uq_edition_log_prev UNIQUE (prev),
    CONSTRAINT uq_edition_log_edition_state UNIQUE (edition, state),
    CONSTRAINT fk_edition_log_edition FOREIGN KEY(edition) REFERENCES edition (name)
);
COMMENT ON TABLE edition_log IS 'Steps of all editions, one chain of hashes; rows only ever come';
COMMENT ON COLUMN edition_log.seq IS '1, 2, 3, ...';
COMMENT ON COLUMN edition_log.at IS 'Recorded time: later than that of every step before';
COMMENT ON COLUMN edition_log.edition IS 'Edition';
COMMENT ON COLUMN edition_log.state IS 'State that the step leads to';
COMMENT ON COLUMN edition_log.root IS 'Root of the edition that was seen and signed';
COMMENT ON COLUMN edition_log.person IS 'Random id of who took the step (table person)';
COMMENT ON COLUMN edition_log.key IS 'Ed25519 public key that the step is signed with';
COMMENT ON COLUMN edition_log.note IS 'Reason and exceptions, canonical JSON';
COMMENT ON COLUMN edition_log.prev IS 'Hash of the step before; of the first one 32 zero bytes';
COMMENT ON COLUMN edition_log.hash IS 'SHA-256 of the line that docs/editions.md describes';
COMMENT ON COLUMN edition_log.signature IS 'Ed25519 signature of the hash';

CREATE TABLE edition_key (
    key BYTEA NOT NULL,
    person UUID NOT NULL,
    recorded_from TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_edition_key PRIMARY KEY (key)
);
CREATE INDEX ix_edition_key_person ON edition_key (person);
COMMENT ON TABLE edition_key IS 'Public keys of those who sign steps of editions';
COMMENT ON COLUMN edition_key.key IS 'Ed25519 public key, 32 bytes';
COMMENT ON COLUMN edition_key.person IS 'Random id of its owner (table person)';
COMMENT ON COLUMN edition_key.recorded_from IS 'First use';

CREATE TABLE edition_check (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    edition TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    person UUID NOT NULL,
    version TEXT NOT NULL,
    intact BOOLEAN NOT NULL,
    found JSONB NOT NULL,
    CONSTRAINT pk_edition_check PRIMARY KEY (id),
    CONSTRAINT fk_edition_check_edition FOREIGN KEY(edition) REFERENCES edition (name)
);
CREATE INDEX ix_edition_check_edition_id ON edition_check (edition, id);
COMMENT ON TABLE edition_check IS 'Results of verifying editions; rows only ever come';
COMMENT ON COLUMN edition_check.id IS 'Number';
COMMENT ON COLUMN edition_check.edition IS 'Edition';
COMMENT ON COLUMN edition_check.at IS 'Recorded time of the check';
COMMENT ON COLUMN edition_check.person IS 'Random id of who checked (table person)';
COMMENT ON COLUMN edition_check.version IS 'Version of ewater that checked';
COMMENT ON COLUMN edition_check.intact IS 'Everything recomputed to the last byte';
COMMENT ON COLUMN edition_check.found IS 'What is broken and what it touches; nothing if intact';

CREATE FUNCTION edition_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of table % are neither changed nor deleted', TG_TABLE_NAME;
END $$;
CREATE TRIGGER edition_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON edition
    EXECUTE FUNCTION edition_only_grows();
CREATE TRIGGER edition_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_part
    EXECUTE FUNCTION edition_only_grows();
CREATE TRIGGER edition_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_log
    EXECUTE FUNCTION edition_only_grows();
CREATE TRIGGER edition_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_key
    EXECUTE FUNCTION edition_only_grows();
CREATE TRIGGER edition_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON edition_check
    EXECUTE FUNCTION edition_only_grows();

-- a step follows the newest one, or is none
CREATE FUNCTION edition_log_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest edition_log;
BEGIN
    SELECT * INTO newest FROM edition_log ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(newest.seq, 0) + 1
        OR NEW.prev <> coalesce(newest.hash, decode(repeat('00', 32), 'hex'))
        OR NEW.at <= coalesce(newest.at, '-infinity')
    THEN
        RAISE EXCEPTION 'step % does not follow step %', NEW.seq, coalesce(newest.seq, 0);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER edition_log_follows BEFORE INSERT ON edition_log
    FOR EACH ROW EXECUTE FUNCTION edition_log_follows();

REVOKE UPDATE, DELETE, TRUNCATE ON edition, edition_part, edition_log, edition_key,
    edition_check FROM PUBLIC;

CREATE TABLE login_user (
    person_id UUID NOT NULL,
    method TEXT NOT NULL,
    password TEXT,
    must_change BOOLEAN DEFAULT 'false' NOT NULL,
    password_until TIMESTAMP WITH TIME ZONE,
    issuer TEXT,
    subject TEXT,
    role TEXT NOT NULL,
    organisations TEXT[] DEFAULT '{}' NOT NULL,
    territories TEXT[] DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    last_login TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_login_user PRIMARY KEY (person_id),
    CONSTRAINT uq_login_user_issuer_subject UNIQUE (issuer, subject),
    CONSTRAINT ck_login_user_method CHECK (method IN ('password', 'provider')),
    CONSTRAINT ck_login_user_role CHECK (role IN ('viewer', 'analyst', 'engineer', 'reviewer', 'reporter', 'admin')),
    CONSTRAINT fk_login_user_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE
);
COMMENT ON TABLE login_user IS 'People who may sign in, what they may do and see';
COMMENT ON COLUMN login_user.person_id IS 'The person; the name is in table person';
COMMENT ON COLUMN login_user.method IS 'password, or provider: signs in elsewhere (OpenID Connect)';
COMMENT ON COLUMN login_user.password IS 'argon2id hash; null with a provider';
COMMENT ON COLUMN login_user.must_change IS 'The password is a first one';
COMMENT ON COLUMN login_user.password_until IS 'Until when a first password serves; null for one of one''s own';
COMMENT ON COLUMN login_user.issuer IS 'Provider that knows the person; null until the first sign-in';
COMMENT ON COLUMN login_user.subject IS 'What the provider calls the person';
COMMENT ON COLUMN login_user.role IS 'What the person may do';
COMMENT ON COLUMN login_user.organisations IS 'Whose sites are shown; none: all';
COMMENT ON COLUMN login_user.territories IS 'Whose accounts, and parts''; none: all';
COMMENT ON COLUMN login_user.created_at IS 'Since when';
COMMENT ON COLUMN login_user.disabled_at IS 'Shut out since; null while the person may sign in';
COMMENT ON COLUMN login_user.last_login IS 'Last sign-in';

CREATE TABLE login_session (
    sha256 BYTEA NOT NULL,
    person_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    address TEXT,
    CONSTRAINT pk_login_session PRIMARY KEY (sha256),
    CONSTRAINT fk_login_session_person_id FOREIGN KEY(person_id) REFERENCES login_user (person_id) ON DELETE CASCADE
);
CREATE INDEX ix_login_session_person_id ON login_session (person_id);
COMMENT ON TABLE login_session IS 'Browsers that are signed in';
COMMENT ON COLUMN login_session.sha256 IS 'SHA-256 of the token in the cookie';
COMMENT ON COLUMN login_session.person_id IS 'Who';
COMMENT ON COLUMN login_session.created_at IS 'Sign-in';
COMMENT ON COLUMN login_session.last_seen IS 'Last request, to a minute';
COMMENT ON COLUMN login_session.expires_at IS 'Ends then at the latest';
COMMENT ON COLUMN login_session.address IS 'Where from';

CREATE TABLE login_guess (
    subject BYTEA NOT NULL,
    failures INTEGER DEFAULT '0' NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_login_guess PRIMARY KEY (subject)
);
COMMENT ON TABLE login_guess IS 'Failed sign-ins, for the lockout';
COMMENT ON COLUMN login_guess.subject IS 'SHA-256 of the name or the address';
COMMENT ON COLUMN login_guess.failures IS 'Since the last success';
COMMENT ON COLUMN login_guess.last_at IS 'Last attempt';
COMMENT ON COLUMN login_guess.locked_until IS 'No attempt is looked at until then';

CREATE TABLE login_begun (
    sha256 BYTEA NOT NULL,
    state TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    next TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_login_begun PRIMARY KEY (sha256)
);
COMMENT ON TABLE login_begun IS 'Sign-ins under way at the provider';
COMMENT ON COLUMN login_begun.sha256 IS 'SHA-256 of the token in the cookie';
COMMENT ON COLUMN login_begun.state IS 'Must come back as it is';
COMMENT ON COLUMN login_begun.nonce IS 'Must stand in the answer';
COMMENT ON COLUMN login_begun.verifier IS 'PKCE: what the code is for';
COMMENT ON COLUMN login_begun.next IS 'Page to open afterwards';
COMMENT ON COLUMN login_begun.expires_at IS 'Too late then';

CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    actor UUID,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    before JSONB,
    after JSONB,
    address TEXT,
    CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE INDEX ix_audit_object_id ON audit (object, id);
COMMENT ON TABLE audit IS 'What was changed or refused, by whom; rows only ever come';
COMMENT ON COLUMN audit.id IS 'Number';
COMMENT ON COLUMN audit.at IS 'When';
COMMENT ON COLUMN audit.actor IS 'Random id of the person (table person); null: nobody signed in';
COMMENT ON COLUMN audit.action IS 'What was done or tried';
COMMENT ON COLUMN audit.object IS 'To what: kind:code';
COMMENT ON COLUMN audit.before IS 'As it was; null: there was none';
COMMENT ON COLUMN audit.after IS 'As it is since; null: there is none';
COMMENT ON COLUMN audit.address IS 'Where from; null for a command';

CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of table audit are neither changed nor deleted';
END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    EXECUTE FUNCTION audit_only_grows();

-- Returns of enterprises; the tables of ewater/store/tables/returns.py.

CREATE TABLE forms (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    body TEXT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_to TIMESTAMP WITH TIME ZONE,
    recorded_from TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_to TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_forms PRIMARY KEY (id),
    CONSTRAINT ck_forms_code CHECK ("code" ~ '^[A-Za-z0-9_.:-]+$'),
    CONSTRAINT ck_forms_validity CHECK (valid_from < valid_to),
    CONSTRAINT ck_forms_recorded CHECK (recorded_from < recorded_to)
);
CREATE UNIQUE INDEX uq_forms_current ON forms (code, valid_from) NULLS NOT DISTINCT WHERE recorded_to IS NULL;
COMMENT ON TABLE forms IS 'Forms that enterprises fill in, docs/reports.md; the code names the file';
COMMENT ON COLUMN forms.id IS 'Number of this version of the row';
COMMENT ON COLUMN forms.code IS 'Code of the form';
COMMENT ON COLUMN forms.body IS 'The form, YAML';
COMMENT ON COLUMN forms.valid_from IS 'Start of validity (in); not given: always';
COMMENT ON COLUMN forms.valid_to IS 'End of validity (out); not given: still valid';
COMMENT ON COLUMN forms.recorded_from IS 'When this version was recorded (in)';
COMMENT ON COLUMN forms.recorded_to IS 'When it was replaced or withdrawn (out); null: current';

CREATE TABLE enterprise_return (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    enterprise TEXT NOT NULL,
    form TEXT NOT NULL,
    period_start TIMESTAMP WITH TIME ZONE NOT NULL,
    period_end TIMESTAMP WITH TIME ZONE NOT NULL,
    period TEXT NOT NULL,
    state TEXT NOT NULL,
    edits INTEGER DEFAULT '0' NOT NULL,
    versions INTEGER DEFAULT '0' NOT NULL,
    approved INTEGER,
    superseded_by BIGINT,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_enterprise_return PRIMARY KEY (id),
    CONSTRAINT ck_enterprise_return_state CHECK (state IN ('draft', 'submitted', 'returned', 'resubmitted', 'approved', 'correcting')),
    CONSTRAINT ck_enterprise_return_period CHECK (period_start < period_end),
    CONSTRAINT uq_enterprise_return_enterprise_form_period_start_period_end UNIQUE (enterprise, form, period_start, period_end)
);
CREATE INDEX ix_enterprise_return_form_period_start ON enterprise_return (form, period_start);
COMMENT ON TABLE enterprise_return IS 'Returns of enterprises: one for each form and period';
COMMENT ON COLUMN enterprise_return.id IS 'Number';
COMMENT ON COLUMN enterprise_return.enterprise IS 'Code of the enterprise';
COMMENT ON COLUMN enterprise_return.form IS 'Code of the form';
COMMENT ON COLUMN enterprise_return.period_start IS 'Start (in)';
COMMENT ON COLUMN enterprise_return.period_end IS 'End (out)';
COMMENT ON COLUMN enterprise_return.period IS 'As people say it: 2024, 2024-Q1';
COMMENT ON COLUMN enterprise_return.state IS 'Where it stands';
COMMENT ON COLUMN enterprise_return.edits IS 'How often its draft was saved';
COMMENT ON COLUMN enterprise_return.versions IS 'Number of the version submitted last';
COMMENT ON COLUMN enterprise_return.approved IS 'Number of the version that the ledger sees; null: none';
COMMENT ON COLUMN enterprise_return.superseded_by IS 'Approved return of the year that counts in its place';
COMMENT ON COLUMN enterprise_return.changed_at IS 'Last change';

CREATE TABLE return_draft (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    return_id BIGINT NOT NULL,
    edits INTEGER NOT NULL,
    aside BOOLEAN DEFAULT 'false' NOT NULL,
    content JSONB NOT NULL,
    actor UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_return_draft PRIMARY KEY (id),
    CONSTRAINT fk_return_draft_return_id FOREIGN KEY(return_id) REFERENCES enterprise_return (id) ON DELETE CASCADE
);
CREATE INDEX ix_return_draft_return_id_edits ON return_draft (return_id, edits);
COMMENT ON TABLE return_draft IS 'Saved drafts of returns, newest highest';
COMMENT ON COLUMN return_draft.id IS 'Number';
COMMENT ON COLUMN return_draft.return_id IS 'Return';
COMMENT ON COLUMN return_draft.edits IS 'Number of the save; of one set aside: what it was based on';
COMMENT ON COLUMN return_draft.aside IS 'Not merged: kept for its author';
COMMENT ON COLUMN return_draft.content IS 'Sections, lines, cells';
COMMENT ON COLUMN return_draft.actor IS 'Random id of the person (table person)';
COMMENT ON COLUMN return_draft.at IS 'When';

CREATE TABLE return_version (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    return_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    form_version INTEGER NOT NULL,
    way TEXT NOT NULL,
    content JSONB NOT NULL,
    sha256 BYTEA NOT NULL,
    receipt BYTEA NOT NULL,
    late BOOLEAN NOT NULL,
    submitted_by UUID NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT,
    decision TEXT,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_why TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE,
    examined_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_return_version PRIMARY KEY (id),
    CONSTRAINT uq_return_version_return_id_number UNIQUE (return_id, number),
    CONSTRAINT fk_return_version_return_id FOREIGN KEY(return_id) REFERENCES enterprise_return (id) ON DELETE CASCADE
);
COMMENT ON TABLE return_version IS 'Submitted versions of returns, sealed';
COMMENT ON COLUMN return_version.id IS 'Number';
COMMENT ON COLUMN return_version.return_id IS 'Return';
COMMENT ON COLUMN return_version.number IS '1 is the first';
COMMENT ON COLUMN return_version.form_version IS 'Version of the form';
COMMENT ON COLUMN return_version.way IS 'form, xlsx, csv or api';
COMMENT ON COLUMN return_version.content IS 'Sections, lines, cells';
COMMENT ON COLUMN return_version.sha256 IS 'SHA-256 of the canonical JSON of the return';
COMMENT ON COLUMN return_version.receipt IS 'SHA-256 of the canonical JSON of the receipt';
COMMENT ON COLUMN return_version.late IS 'Came after the deadline';
COMMENT ON COLUMN return_version.submitted_by IS 'Random id of the person (table person)';
COMMENT ON COLUMN return_version.submitted_at IS 'When it came';
COMMENT ON COLUMN return_version.reason IS 'Why it was sent again';
COMMENT ON COLUMN return_version.decision IS 'approved or returned; null: not decided';
COMMENT ON COLUMN return_version.decided_by IS 'Random id of the person (table person)';
COMMENT ON COLUMN return_version.decided_at IS 'When';
COMMENT ON COLUMN return_version.decided_why IS 'Reason given';
COMMENT ON COLUMN return_version.recorded_at IS 'Since when the ledger sees it; null: it never did';
COMMENT ON COLUMN return_version.examined_at IS 'Last cross-examination; null: none yet';

CREATE TABLE return_remark (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    return_id BIGINT NOT NULL,
    version INTEGER NOT NULL,
    section TEXT,
    line INTEGER,
    "column" TEXT,
    body TEXT NOT NULL,
    actor UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_return_remark PRIMARY KEY (id),
    CONSTRAINT fk_return_remark_return_id FOREIGN KEY(return_id) REFERENCES enterprise_return (id) ON DELETE CASCADE
);
CREATE INDEX ix_return_remark_return_id ON return_remark (return_id);
COMMENT ON TABLE return_remark IS 'Remarks with which returns were sent back';
COMMENT ON COLUMN return_remark.id IS 'Number';
COMMENT ON COLUMN return_remark.return_id IS 'Return';
COMMENT ON COLUMN return_remark.version IS 'Version it speaks of';
COMMENT ON COLUMN return_remark.section IS 'Section; null: all';
COMMENT ON COLUMN return_remark.line IS 'Line, from 1';
COMMENT ON COLUMN return_remark."column" IS 'Column';
COMMENT ON COLUMN return_remark.body IS 'What is asked';
COMMENT ON COLUMN return_remark.actor IS 'Random id of the person (table person)';
COMMENT ON COLUMN return_remark.at IS 'When';

CREATE TABLE return_finding (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    version_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    section TEXT,
    line INTEGER,
    "column" TEXT,
    place TEXT,
    size_m3 DOUBLE PRECISION,
    evidence JSONB NOT NULL,
    cause TEXT,
    CONSTRAINT pk_return_finding PRIMARY KEY (id),
    CONSTRAINT ck_return_finding_severity CHECK (severity IN ('error', 'grave', 'warning', 'notice')),
    CONSTRAINT fk_return_finding_version_id FOREIGN KEY(version_id) REFERENCES return_version (id) ON DELETE CASCADE
);
CREATE INDEX ix_return_finding_code ON return_finding (code);
CREATE INDEX ix_return_finding_version_id ON return_finding (version_id);
COMMENT ON TABLE return_finding IS 'Findings in versions of returns; replaced when examined again';
COMMENT ON COLUMN return_finding.id IS 'Number';
COMMENT ON COLUMN return_finding.version_id IS 'Version';
COMMENT ON COLUMN return_finding.code IS 'Kind, docs/reports.md';
COMMENT ON COLUMN return_finding.severity IS 'How grave it is';
COMMENT ON COLUMN return_finding.section IS 'Section';
COMMENT ON COLUMN return_finding.line IS 'Line, from 1';
COMMENT ON COLUMN return_finding."column" IS 'Column';
COMMENT ON COLUMN return_finding.place IS 'Cell or line of the file';
COMMENT ON COLUMN return_finding.size_m3 IS 'How much water it concerns; null: cannot be said';
COMMENT ON COLUMN return_finding.evidence IS 'Figures that its message names';
COMMENT ON COLUMN return_finding.cause IS 'Kind of a finding that explains this one; null: none does';

CREATE TABLE return_trust (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    enterprise TEXT,
    pem TEXT NOT NULL,
    actor UUID NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_return_trust PRIMARY KEY (id),
    CONSTRAINT ck_return_trust_kind CHECK (kind IN ('ed25519', 'issuer')),
    CONSTRAINT uq_return_trust_name UNIQUE (name)
);
COMMENT ON TABLE return_trust IS 'Keys and issuers whose signatures of returns are accepted';
COMMENT ON COLUMN return_trust.id IS 'Number';
COMMENT ON COLUMN return_trust.kind IS 'ed25519 or issuer';
COMMENT ON COLUMN return_trust.name IS 'Name';
COMMENT ON COLUMN return_trust.enterprise IS 'Whose key it is; null of an issuer';
COMMENT ON COLUMN return_trust.pem IS 'Public key or certificate, PEM';
COMMENT ON COLUMN return_trust.actor IS 'Random id of the person (table person)';
COMMENT ON COLUMN return_trust.added_at IS 'Trusted since';
COMMENT ON COLUMN return_trust.revoked_at IS 'Trusted until; null: at present';

CREATE TABLE return_signature (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    version_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    signature BYTEA NOT NULL,
    signer TEXT NOT NULL,
    trust_id BIGINT NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_return_signature PRIMARY KEY (id),
    CONSTRAINT ck_return_signature_kind CHECK (kind IN ('ed25519', 'cms')),
    CONSTRAINT fk_return_signature_version_id FOREIGN KEY(version_id) REFERENCES return_version (id) ON DELETE CASCADE,
    CONSTRAINT fk_return_signature_trust_id FOREIGN KEY(trust_id) REFERENCES return_trust (id)
);
CREATE INDEX ix_return_signature_version_id ON return_signature (version_id);
COMMENT ON TABLE return_signature IS 'Detached signatures of returns, verified when they came';
COMMENT ON COLUMN return_signature.id IS 'Number';
COMMENT ON COLUMN return_signature.version_id IS 'Version';
COMMENT ON COLUMN return_signature.kind IS 'ed25519 or cms';
COMMENT ON COLUMN return_signature.signature IS 'As it came';
COMMENT ON COLUMN return_signature.signer IS 'Key or subject that signed';
COMMENT ON COLUMN return_signature.trust_id IS 'Key or issuer that vouches for it';
COMMENT ON COLUMN return_signature.verified_at IS 'When it was verified';

CREATE TABLE return_deadline (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    form TEXT NOT NULL,
    period TEXT NOT NULL,
    enterprise TEXT,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    actor UUID NOT NULL,
    CONSTRAINT pk_return_deadline PRIMARY KEY (id),
    CONSTRAINT uq_return_deadline_form_period_enterprise UNIQUE NULLS NOT DISTINCT (form, period, enterprise)
);
COMMENT ON TABLE return_deadline IS 'Deadlines that differ from those of the form';
COMMENT ON COLUMN return_deadline.id IS 'Number';
COMMENT ON COLUMN return_deadline.form IS 'Code of the form';
COMMENT ON COLUMN return_deadline.period IS '2024 or 2024-Q1';
COMMENT ON COLUMN return_deadline.enterprise IS 'Who was given it; null: everybody';
COMMENT ON COLUMN return_deadline.due_at IS 'Late from then on';
COMMENT ON COLUMN return_deadline.reason IS 'Why';
COMMENT ON COLUMN return_deadline.actor IS 'Random id of the person (table person)';

CREATE TABLE return_reminder (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    enterprise TEXT NOT NULL,
    form TEXT NOT NULL,
    period TEXT NOT NULL,
    actor UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_return_reminder PRIMARY KEY (id)
);
CREATE INDEX ix_return_reminder_enterprise ON return_reminder (enterprise, form, period);
COMMENT ON TABLE return_reminder IS 'Reminders of returns that had not come';
COMMENT ON COLUMN return_reminder.id IS 'Number';
COMMENT ON COLUMN return_reminder.enterprise IS 'Who was reminded';
COMMENT ON COLUMN return_reminder.form IS 'Of which form';
COMMENT ON COLUMN return_reminder.period IS 'Of which period';
COMMENT ON COLUMN return_reminder.actor IS 'Random id of the person (table person)';
COMMENT ON COLUMN return_reminder.at IS 'When';

CREATE TABLE total_break (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    form TEXT NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    item TEXT NOT NULL,
    period TEXT NOT NULL,
    before_m3 DOUBLE PRECISION NOT NULL,
    after_m3 DOUBLE PRECISION NOT NULL,
    evidence JSONB NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    reason TEXT,
    explanation TEXT,
    actor UUID,
    explained_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_total_break PRIMARY KEY (id),
    CONSTRAINT ck_total_break_reason CHECK (reason IN ('real', 'method', 'scope', 'unit')),
    CONSTRAINT uq_total_break_form_kind_code_item_period UNIQUE (form, kind, code, item, period)
);
COMMENT ON TABLE total_break IS 'Breaks in totals of returns; a year is signed off when explained';
COMMENT ON COLUMN total_break.id IS 'Number';
COMMENT ON COLUMN total_break.form IS 'Code of the form';
COMMENT ON COLUMN total_break.kind IS 'sector, district, basin, ...';
COMMENT ON COLUMN total_break.code IS 'Which sector or territory';
COMMENT ON COLUMN total_break.item IS 'Figure: intake, use, ...';
COMMENT ON COLUMN total_break.period IS 'Year in which it broke';
COMMENT ON COLUMN total_break.before_m3 IS 'Total expected';
COMMENT ON COLUMN total_break.after_m3 IS 'Total reported';
COMMENT ON COLUMN total_break.evidence IS 'How much of it is scope, method, unit; who contributes most';
COMMENT ON COLUMN total_break.found_at IS 'When';
COMMENT ON COLUMN total_break.reason IS 'real, method, scope or unit; null: not explained';
COMMENT ON COLUMN total_break.explanation IS 'In words';
COMMENT ON COLUMN total_break.actor IS 'Random id of the person (table person)';
COMMENT ON COLUMN total_break.explained_at IS 'When';

CREATE TABLE period_sign_off (
    form TEXT NOT NULL,
    period TEXT NOT NULL,
    actor UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_period_sign_off PRIMARY KEY (form, period)
);
COMMENT ON TABLE period_sign_off IS 'Periods of a form that were signed off';
COMMENT ON COLUMN period_sign_off.form IS 'Form';
COMMENT ON COLUMN period_sign_off.period IS '2024';
COMMENT ON COLUMN period_sign_off.actor IS 'Random id of the person (table person)';
COMMENT ON COLUMN period_sign_off.at IS 'When';
COMMENT ON COLUMN period_sign_off.reason IS 'Why';

ALTER TABLE reports ADD COLUMN metered DOUBLE PRECISION
    CONSTRAINT ck_reports_metered CHECK ("metered" BETWEEN 0 AND 1);
COMMENT ON COLUMN reports.metered IS 'Part of the value that is metered; empty: not said';
ALTER TABLE push_key ADD COLUMN enterprises TEXT[] DEFAULT '{}' NOT NULL;
COMMENT ON COLUMN push_key.enterprises IS 'Whose returns it may send; none: no';
ALTER TABLE login_user DROP CONSTRAINT ck_login_user_role;
ALTER TABLE login_user ADD CONSTRAINT ck_login_user_role CHECK (role IN (
    'viewer', 'analyst', 'engineer', 'reviewer', 'approver', 'reporter', 'admin'));

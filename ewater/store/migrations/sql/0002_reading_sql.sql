-- Decoder of chunk payloads, version 1 (docs/chunk-format.md), for SQL users.
-- The small functions are not STRICT, so that PostgreSQL can inline them.

CREATE FUNCTION chunk_int8(payload bytea, at integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT get_byte(payload, at)::bigint
        | (get_byte(payload, at + 1)::bigint << 8)
        | (get_byte(payload, at + 2)::bigint << 16)
        | (get_byte(payload, at + 3)::bigint << 24)
        | (get_byte(payload, at + 4)::bigint << 32)
        | (get_byte(payload, at + 5)::bigint << 40)
        | (get_byte(payload, at + 6)::bigint << 48)
        | (get_byte(payload, at + 7)::bigint << 56)
$$;
COMMENT ON FUNCTION chunk_int8 IS
    'Eight bytes of a payload, little-endian, as a signed number';

-- Exact: a double is a whole number below 2^53 times a power of two.
CREATE FUNCTION chunk_float8(bits bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN (bits >> 52 & 2047) = 2047 THEN
            CASE WHEN bits & ((1::bigint << 52) - 1) <> 0 THEN 'NaN'::float8
                 WHEN bits < 0 THEN '-Infinity'::float8
                 ELSE 'Infinity'::float8 END
        WHEN bits & 9223372036854775807 = 0 THEN 0::float8
        ELSE (CASE WHEN bits < 0 THEN -1 ELSE 1 END)
            * (bits & ((1::bigint << 52) - 1)
               | CASE WHEN (bits >> 52 & 2047) = 0 THEN 0 ELSE (1::bigint << 52) END
              )::float8
            * power(2::float8, greatest((bits >> 52 & 2047)::integer, 1) - 1075)
    END
$$;
COMMENT ON FUNCTION chunk_float8 IS 'The IEEE 754 double with these bits';

CREATE FUNCTION chunk_raw(
    payload bytea, at integer, width integer, n integer, i integer
) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE width
        WHEN 0 THEN 0::bigint
        WHEN 1 THEN get_byte(payload, at + i)::bigint
        WHEN 2 THEN (get_byte(payload, at + i)
            | (get_byte(payload, at + n + i) << 8))::bigint
        WHEN 3 THEN (get_byte(payload, at + i)
            | (get_byte(payload, at + n + i) << 8)
            | (get_byte(payload, at + 2 * n + i) << 16))::bigint
        ELSE (get_byte(payload, at + i)
            | (get_byte(payload, at + n + i) << 8)
            | (get_byte(payload, at + 2 * n + i) << 16))::bigint
            | (get_byte(payload, at + 3 * n + i)::bigint << 24)
            | CASE WHEN width > 4
                THEN get_byte(payload, at + 4 * n + i)::bigint << 32 ELSE 0 END
            | CASE WHEN width > 5
                THEN get_byte(payload, at + 5 * n + i)::bigint << 40 ELSE 0 END
            | CASE WHEN width > 6
                THEN get_byte(payload, at + 6 * n + i)::bigint << 48 ELSE 0 END
            | CASE WHEN width > 7
                THEN get_byte(payload, at + 7 * n + i)::bigint << 56 ELSE 0 END
    END
$$;
COMMENT ON FUNCTION chunk_raw IS
    'Number i of a column whose byte planes start at a place in the payload';

CREATE FUNCTION chunk_step(z bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (z >> 1 & 9223372036854775807) # -(z & 1)
$$;
COMMENT ON FUNCTION chunk_step IS 'Zigzag undone: 0, 1, 2, 3 are 0, -1, 1, -2';

CREATE FUNCTION chunk_rows(chunk_payload bytea) RETURNS TABLE (
    "time" timestamptz, value double precision, flag smallint, failed bigint,
    lineage smallint, load bigint
)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 4000
SET plan_cache_mode = force_custom_plan -- so that widths are constants
AS $$
DECLARE
    p bytea := chunk_payload || ''::bytea; -- decompressed once, not per byte
    n integer := chunk_int8(p, 0) >> 32;
    decimal boolean := get_byte(p, 1) = 0;
    scale double precision := power(10::float8, get_byte(p, 2));
    factor double precision := chunk_float8(chunk_int8(p, 8));
    o integer[]; -- order of each column: 0 values, 1 steps
    w integer[]; -- its width in bytes
    f bigint[]; -- its first (order 1) or smallest (order 0) number
    u bigint[]; -- what its planes are multiplied by
    a integer[] := ARRAY[124]; -- where its planes start
BEGIN
    IF get_byte(p, 0) <> 1 THEN
        RAISE EXCEPTION 'chunk payload is of version %, not 1', get_byte(p, 0);
    END IF;
    FOR c IN 0..5 LOOP
        o[c + 1] := get_byte(p, 16 + 18 * c);
        w[c + 1] := get_byte(p, 17 + 18 * c);
        f[c + 1] := chunk_int8(p, 18 + 18 * c);
        u[c + 1] := chunk_int8(p, 26 + 18 * c);
        a[c + 2] := a[c + 1] + n * w[c + 1];
    END LOOP;
    RETURN QUERY
    SELECT
        'epoch'::timestamptz + (t.x / 86400000000) * interval '1 day'
            + (t.x % 86400000000) * interval '1 microsecond',
        CASE WHEN decimal THEN t.v::float8 / scale * factor
             ELSE chunk_float8(t.v) END,
        t.flag, t.failed, t.lineage, t.load
    FROM (
        SELECT
            CASE WHEN o[1] = 0 THEN f[1] + u[1] * s.x
                 WHEN w[1] = 0 THEN f[1] + u[1] * s.i
                 ELSE f[1] + u[1] * (sum(chunk_step(s.x)) OVER seen)::bigint END AS x,
            CASE WHEN o[2] = 0 THEN f[2] + u[2] * s.v
                 WHEN w[2] = 0 THEN f[2] + u[2] * s.i
                 ELSE f[2] + u[2] * (sum(chunk_step(s.v)) OVER seen)::bigint END AS v,
            (f[3] + u[3] * chunk_raw(p, a[3], w[3], n, s.i))::smallint AS flag,
            f[4] + u[4] * chunk_raw(p, a[4], w[4], n, s.i) AS failed,
            (f[5] + u[5] * chunk_raw(p, a[5], w[5], n, s.i))::smallint AS lineage,
            CASE WHEN o[6] = 0 THEN f[6] + u[6] * s.l
                 WHEN w[6] = 0 THEN f[6] + u[6] * s.i
                 ELSE f[6] + u[6] * (sum(chunk_step(s.l)) OVER seen)::bigint END AS load
        FROM (
            SELECT i, chunk_raw(p, a[1], w[1], n, i) AS x,
                chunk_raw(p, a[2], w[2], n, i) AS v, chunk_raw(p, a[6], w[6], n, i) AS l
            FROM generate_series(0, n - 1) AS i
            OFFSET 0 -- a fence: each raw number is assembled once
        ) AS s
        WINDOW seen AS (ORDER BY s.i ROWS UNBOUNDED PRECEDING)
    ) AS t;
END
$$;
COMMENT ON FUNCTION chunk_rows IS 'Readings of one payload, as stored';

CREATE FUNCTION reading_sql(
    series text, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
    "time" timestamptz, value double precision, flag smallint, failed bigint,
    lineage smallint, load bigint, recorded_from timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 4000 AS $$
    SELECT v.* FROM (
        SELECT DISTINCT ON (r."time")
            r."time", r.value, r.flag, r.failed, r.lineage, r.load, l.recorded_from
        FROM series_key AS k
        JOIN chunk AS c ON c.series_id = k.id
        LEFT JOIN load AS d ON d.id = c.load_id
        CROSS JOIN LATERAL chunk_rows(c.payload) AS r
        JOIN load AS l ON l.id = r.load
        WHERE k.code = reading_sql.series
            AND c.first_time < coalesce(reading_sql."to", 'infinity')
            AND c.last_time >= coalesce(reading_sql."from", '-infinity')
            AND (c.kind <> 'delta' OR d.recorded_from IS NOT NULL)
            AND r."time" >= coalesce(reading_sql."from", '-infinity')
            AND r."time" < coalesce(reading_sql."to", 'infinity')
            AND l.recorded_from <= coalesce(reading_sql.as_of, 'infinity')
        ORDER BY r."time", l.recorded_from DESC
    ) AS v
    WHERE v.lineage <> 3
$$;
COMMENT ON FUNCTION reading_sql IS
    'Readings of a series, from (in) to (out), as recorded at as_of; SI units';

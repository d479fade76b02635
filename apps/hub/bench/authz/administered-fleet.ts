/** A thousand roles of a hundred grants, and what else grows with a fleet of that many machines, as SQL. */
export function administeredFleet(machines: number, now: number): readonly string[] {
  return [
    `INSERT INTO role SELECT 'role-' || i, (
       SELECT jsonb_agg(jsonb_build_object(
         'effect', CASE WHEN j % 10 = 0 THEN 'deny' ELSE 'allow' END,
         'verb', (ARRAY['submit', 'provide', 'query'])[1 + j % 3],
         'serviceTypes', jsonb_build_array('area' || j % 20 || CASE WHEN j % 5 = 0 THEN '.*' ELSE '.work' || (i * 7 + j) % 200 END))
         || CASE WHEN j % 2 = 0 THEN '{}' ELSE jsonb_build_object('selector', jsonb_build_object('labels', jsonb_build_object('site', 'site-' || (i + j) % 40))) END)
       FROM generate_series(1, 100) j), 1, 0 FROM generate_series(0, 999) i`,
    `INSERT INTO machine SELECT 'qc1' || i, int4send(i), CASE WHEN i % 50 = 0 THEN 'pending' ELSE 'authorized' END,
       CASE WHEN i % 50 <> 0 THEN 'host-' || i END, 'host-' || i, 'code-' || i, '{}', ${now} + i, CASE WHEN i % 50 <> 0 THEN 1 END, NULL FROM generate_series(1, ${machines}) i`,
    `INSERT INTO machine_role SELECT 'qc1' || i, 'role-' || i % 1000 FROM generate_series(1, ${machines}) i WHERE i % 50 <> 0`,
    `INSERT INTO machine_label SELECT 'qc1' || i, 'site', 'site-' || i % 40 FROM generate_series(1, ${machines}) i`,
    `INSERT INTO credential SELECT lpad(to_hex(i), 32, '0'), 'qc1' || i, ${now}, ${now} + 86400000 + i, ${now}, '', NULL FROM generate_series(1, ${machines}) i`,
    `INSERT INTO enrolment_token SELECT lpad(to_hex(i), 16, '0'), decode(repeat('00', 32), 'hex'), 1, 1, NULL, '[]', false, 'bench', ${now} + i, ${now} + 86400000 + i, NULL FROM generate_series(1, ${machines}) i`,
    `INSERT INTO api_key SELECT lpad(to_hex(i), 16, '0'), 'key', decode(repeat('00', 32), 'hex'), '[]', 'bench', ${now} + i, ${now} + 86400000, NULL FROM generate_series(1, 1000) i`,
    `INSERT INTO audit SELECT h.id + i, ${now} + i, 'actor-' || i % 500, 'act-' || i % 500, 'qc1' || i, NULL, NULL, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex') FROM generate_series(1, ${machines}) i, audit_head h`,
    `UPDATE audit_head SET id = id + ${machines}`,
    `ANALYZE`,
  ];
}

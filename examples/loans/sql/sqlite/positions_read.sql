-- How far each read model has come that readers see. As one statement, it begins to read all files at once.
SELECT 'outcomes', min(position) FROM es_outcomes.es_checkpoints
UNION ALL
SELECT 'decision_times', min(position) FROM es_decision_times.es_checkpoints
UNION ALL
SELECT 'work_in_progress', min(position) FROM es_work_in_progress.es_checkpoints
UNION ALL
SELECT 'resource_load', min(position) FROM es_resource_load.es_checkpoints

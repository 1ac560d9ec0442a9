-- The work day by day, from the events up to the position ?1. Payloads are those of all versions: until 2012
-- a work item had its Dutch name.
WITH names (dutch, item) AS (
    VALUES ('Afhandelen leads', 'handle_leads'), ('Completeren aanvraag', 'complete_application'),
           ('Nabellen offertes', 'call_about_offers'), ('Nabellen incomplete dossiers', 'call_about_missing_documents'),
           ('Valideren aanvraag', 'validate_application'), ('Beoordelen fraude', 'assess_fraud'),
           ('Wijzigen contractgegevens', 'change_contract_details')
), steps AS (
    SELECT e.stream, e.revision, date(e.occurred_at / 1000000, 'unixepoch') AS day,
           coalesce(e.payload ->> 'item', n.item) AS item, substr(e.name, 11) AS step
    FROM event_log e
    LEFT JOIN names n ON n.dutch = e.payload ->> 'name'
    WHERE e.category = 'loan' AND e.position <= ?1
      AND e.name IN ('loan.work.scheduled', 'loan.work.started', 'loan.work.completed')
), balances AS (
    SELECT *, sum(CASE step WHEN 'started' THEN 1 WHEN 'completed' THEN -1 ELSE 0 END) OVER history AS balance
    FROM steps
    WINDOW history AS (PARTITION BY stream, item ORDER BY revision)
), running AS (
    -- Starts less completions, where a completion that finds nothing in progress takes nothing away.
    SELECT *, balance - min(min(balance) OVER history, 0) AS in_progress
    FROM balances
    WINDOW history AS (PARTITION BY stream, item ORDER BY revision)
), before AS (
    SELECT *, coalesce(lag(in_progress) OVER history, 0) AS was_in_progress
    FROM running
    WINDOW history AS (PARTITION BY stream, item ORDER BY revision)
), ended AS (
    -- It waits if it was scheduled after it was last started or, with nobody at work, closed.
    SELECT *, coalesce(max(revision) FILTER (WHERE step = 'scheduled') OVER history
                       > coalesce(max(revision) FILTER (WHERE step = 'started' OR step = 'completed' AND was_in_progress = 0)
                                  OVER history, 0), 0) AS waiting
    FROM before
    WINDOW history AS (PARTITION BY stream, item ORDER BY revision)
), changes AS (
    SELECT *, waiting - coalesce(lag(waiting) OVER history, 0) AS more_waiting, in_progress - was_in_progress AS more_in_progress
    FROM ended
    WINDOW history AS (PARTITION BY stream, item ORDER BY revision)
)
SELECT day, item, count(*) FILTER (WHERE step = 'scheduled'), count(*) FILTER (WHERE step = 'started'),
       count(*) FILTER (WHERE step = 'completed'), sum(more_waiting), sum(more_in_progress)
FROM changes
GROUP BY 1, 2
ORDER BY 1, 2

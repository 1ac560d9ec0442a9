SELECT cents FROM notices WHERE application = ?1 AND outcome = 'open'

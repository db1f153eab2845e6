SELECT
    classoid AS catalog,
    objoid AS object,
    objsubid AS part,
    jsonb_build_object('security_labels', jsonb_object_agg(provider, label)) AS fields
FROM pg_seclabel
GROUP BY classoid, objoid, objsubid

INSERT INTO "Größen und 尺寸"."weird ""table" ("select", "Größe") VALUES (1, 38), (2, NULL);

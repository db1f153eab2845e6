UPDATE "Größen und 尺寸"."weird ""table" SET "Größe" = 0 WHERE "Größe" IS NULL;
ALTER TABLE "Größen und 尺寸"."weird ""table" ALTER COLUMN "Größe" SET NOT NULL;

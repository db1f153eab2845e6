ALTER TABLE "Größen und 尺寸"."weird ""table" ALTER COLUMN "Größe" SET NOT NULL;

CREATE SCHEMA "Größen und 尺寸";
CREATE TABLE "Größen und 尺寸"."weird ""table" ("select" bigint PRIMARY KEY, "Größe" integer);

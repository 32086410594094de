-- CreateTable
CREATE TABLE "Sample" (
    "id" SERIAL NOT NULL,
    "sensor" TEXT NOT NULL,
    "place" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "exact" DECIMAL(12,4) NOT NULL,
    "counter" BIGINT NOT NULL,
    "isValid" BOOLEAN NOT NULL,
    "role" "role" NOT NULL DEFAULT 'MEMBER',
    "extra" JSONB NOT NULL,

    CONSTRAINT "Sample_pkey" PRIMARY KEY ("id")
);

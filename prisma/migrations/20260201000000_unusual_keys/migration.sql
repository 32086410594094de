-- CreateTable
CREATE TABLE "Price" (
    "code" DECIMAL(12,3) NOT NULL,
    "amount" MONEY NOT NULL,
    "rates" MONEY[],
    "note" TEXT,

    CONSTRAINT "Price_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "Slot" (
    "day" DATE NOT NULL,
    "role" "role" NOT NULL,
    "room_number" BIGINT NOT NULL,
    "note" TEXT,

    CONSTRAINT "Slot_pkey" PRIMARY KEY ("day","role","room_number")
);

-- CreateTable
CREATE TABLE "Reading" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "note" TEXT,

    CONSTRAINT "Reading_pkey" PRIMARY KEY ("at")
);

-- CreateTable
CREATE TABLE "Digest" (
    "hash" BYTEA NOT NULL,
    "note" TEXT,

    CONSTRAINT "Digest_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "Level" (
    "role" "role" NOT NULL,
    "note" TEXT,

    CONSTRAINT "Level_pkey" PRIMARY KEY ("role")
);

-- CreateTable
CREATE TABLE "parcels" (
    "id" BIGSERIAL NOT NULL,
    "token" UUID NOT NULL DEFAULT gen_random_uuid(),
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL DEFAULT 1,
    -- Prisma has no word for it: written by hand.
    "area" INTEGER GENERATED ALWAYS AS ("width" * "height") STORED,
    "place" point,
    "note" TEXT,

    CONSTRAINT "parcels_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "parcels_token_key" ON "parcels"("token");

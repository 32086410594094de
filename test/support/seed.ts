import fc from "fast-check";

// The same values in each run, so that a change is judged by what it changes. Others: FC_SEED=$RANDOM npm test
fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_260_101) });

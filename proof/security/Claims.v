(* What is claimed of the abstract machine, and what it rests on: the output is compared with
   claims.txt. *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Import Leaky Runs.
Set Printing Width 100.
Print NI.
Print flow.
Print see.
Print kserv_alike.
Print view.
Print same_view.
Print alike.
Print boot.
Print top.
Check top_NI.
Check sp_preserves_NI.
Check sp_trans.
Check inv_step.
Check kserv_view.
Check kserv_output.
Check guest_output.
Check release_by_owner.
Check own_steps_possible.
Check secret_stays.
Print Assumptions top_NI.
Print Assumptions sp_preserves_NI.
Print Assumptions sp_trans.
Print Assumptions kserv_view.
Print Assumptions kserv_output.
Print Assumptions guest_output.
Print Assumptions release_by_owner.
Print Assumptions own_steps_possible.
Print Assumptions destroyed.
Print Assumptions secret_stays.
Print Assumptions refuted.

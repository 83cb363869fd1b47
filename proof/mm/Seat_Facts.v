(** * Pages that CPUs have, while LOCK_MEM is held: which these cannot be *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Seats.
  Variable B : board.

  Lemma housed_live w p : seats B w -> vcpus_ok B w -> housed w p -> kind (state w p) <> PG_CORE ->
    live w (handle (state w p)) /\ exists j, token w (handle (state w p)) j <> 0.
  Proof.
    intros S U [(c & R & ->)|(h & i & T & H)] N; [destruct N; apply (st_host B w S c R)|].
    assert (E : handle (state w p) = h).
    { destruct H as [->|(P & ->)]; [apply (st_run B w S h i T)|apply (st_ctx B w S h i T P)]. }
    rewrite E. split; [|exists i; exact T]. destruct (u_token B w U h i T) as [M _]. exact (u_live B w U h i M).
  Qed.

  (** A page of a VM that is not alive, or has no vCPU loaded. *)
  Lemma dead_unhoused w p : seats B w -> vcpus_ok B w -> kind (state w p) <> PG_CORE ->
    ~ live w (handle (state w p)) -> ~ housed w p.
  Proof. intros S U K N X. exact (N (proj1 (housed_live w p S U X K))). Qed.
  Lemma resting_unhoused w p : seats B w -> vcpus_ok B w -> kind (state w p) <> PG_CORE ->
    (forall j, token w (handle (state w p)) j = 0) -> ~ housed w p.
  Proof. intros S U K N X. destruct (housed_live w p S U X K) as [_ [j T]]. exact (T (N j)). Qed.

  (** A context of no vCPU, or of one that is off or not loaded. *)
  Lemma context_unused w p : seats B w -> kind (state w p) <> PG_CORE ->
    (forall g j, token w g j <> 0 -> protected w g -> vcpu_on w g j -> vcpu_ctx w g j <> p) -> ~ in_use w p.
  Proof.
    intros S K D [(c & R & ->)|(g & j & T & P & O & E)]; [apply K, (st_host B w S c R)|]. exact (D g j T P O (eq_sym E)).
  Qed.
  Lemma made_unused w p : seats B w -> vcpus_ok B w -> kind (state w p) <> PG_CORE ->
    (forall g j, vcpu_made w g j -> protected w g -> vcpu_ctx w g j <> p) -> ~ in_use w p.
  Proof. intros S U K D. apply context_unused; [exact S|exact K|]. intros g j T P _. apply D; [apply (u_token B w U g j T)|exact P]. Qed.

  (** Taking a token: the vCPU's pages are in order. *)
  Lemma seats_token w h i x : seats B w -> vcpus_ok B w -> vcpu_made w h i ->
    seats B (set_mem (upd (w_mem w) (loaded_cell, [h; i]) x) w).
  Proof.
    intros S U M. set (w' := set_mem _ w).
    assert (Made : forall g j, token w' g j <> 0 -> vcpu_made w g j).
    { intros g j. unfold token, w'. cbn. rewrite upd_index. destruct (zlist_eqb [h; i] [g; j]) eqn:E.
      - intros _. apply zlist_eqb_eq in E. injection E as <- <-. exact M.
      - intros T. apply (u_token B w U g j T). }
    constructor; try apply S.
    - intros g j T. apply Made in T. destruct (u_run B w U g j T) as [R E]. pose proof (proj1 (u_live B w U g j T)) as G.
      change (vcpu_run w' g j) with (vcpu_run w g j). change (state w' (vcpu_run w g j)) with (state w (vcpu_run w g j)).
      split; [exact R|]. exact (pinned_state w _ g G E).
    - intros g j T P. apply Made in T. destruct (u_ctx B w U g j T P) as [R E]. pose proof (proj1 (u_live B w U g j T)) as G.
      change (vcpu_ctx w' g j) with (vcpu_ctx w g j). change (state w' (vcpu_ctx w g j)) with (state w (vcpu_ctx w g j)).
      split; [exact R|]. destruct (ctx_state w _ g G E) as [K H]. auto.
    - intros g j T P. apply Made in T. exact (u_normal B w U g j T P).
    - intros g j j' T T' P E. apply Made in T, T'. exact (u_ctxs B w U g j j' T T' E).
  Qed.
End Seats.

Lemma in_use_same a b p : w_mem b = w_mem a -> in_use b p -> in_use a p.
Proof. unfold in_use, host_ctx, token, protected, vcpu_on, vcpu_ctx. intros ->. auto. Qed.
Lemma inhabited_same a b p : w_mem b = w_mem a -> inhabited b p -> inhabited a p.
Proof. unfold inhabited, in_use, host_ctx, token, protected, vcpu_on, vcpu_ctx, vcpu_run. intros ->. auto. Qed.

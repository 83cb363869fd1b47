(** * The world switch: what KServ may choose, and how it is left *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Exposed Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Steps Prims Cpu_Facts Local_Prims.
From Redoubt.cpu Require Import Word_Spec Prims Ctx_Spec Ctx_Facts Run_Spec.
From Redoubt.gen Require Import vcpu_run.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Proofs.
  Variables (B : board) (cpu : Z) (fuel : nat).
  Notation LI := (mem_inv B).
  Notation WP := (wp (kcore_all B cpu (mem_inv B))).
  Notation getter f := (does B cpu LI f 0 (Some U64)).

  Lemma hcr_shape G k m f x : Z.land k f = k -> Z.land m f = m -> let v := Z.lor (Z.lor G k) (Z.land x m) in
    Z.land v G = G /\ Z.lor v (Z.lor G f) = Z.lor G f.
  Proof.
    intros K M v. assert (Hb : forall n, Z.testbit k n = Z.testbit k n && Z.testbit f n /\
      Z.testbit m n = Z.testbit m n && Z.testbit f n).
    { intros n. split; rewrite <- Z.land_spec; congruence. }
    split; apply Z.bits_inj'; intros n _; destruct (Hb n) as [H1 H2]; unfold v; rewrite ?Z.land_spec, ?Z.lor_spec, ?Z.land_spec;
      destruct (Z.testbit G n), (Z.testbit k n), (Z.testbit x n), (Z.testbit m n), (Z.testbit f n);
      first [reflexivity|discriminate H1|discriminate H2].
  Qed.

  Lemma guest_hcr_proved F : spec_guest_hcr B cpu (invoke F fuel f_guest_hcr).
  Proof.
    intros h x w Hh X Hs S. enter. to_if.
    join (fun e w' => w' = w /\ exists normal, (normal = true -> ~ protected w h) /\
      e = [("h", Some h); ("wanted", Some x); ("mask", Some (if normal then 0x440061c0 else 0x6000));
           ("hcr", Some (Z.lor GUEST_HCR (if normal then 0x20000 else 0)))]).
    - steps. apply own_read; [right; left; split; [reflexivity|exact Hs]|exact S|]. steps.
      + split; [reflexivity|]. exists true. split; [|reflexivity]. intros _ P. apply P. exact E.
      + split; [reflexivity|]. exists false. split; [discriminate|reflexivity].
    - intros e w' (-> & n & N & ->). steps. split; [reflexivity|]. eexists. split; [reflexivity|].
      assert (V : in_ty U64 (Z.lor (Z.lor GUEST_HCR (if n then 0x20000 else 0)) (Z.land x (if n then 0x440061c0 else 0x6000)))).
      { apply lor_in; [destruct n; (split; [discriminate|reflexivity])|].
        apply land_in; [exact X|destruct n; (split; [discriminate|reflexivity])]. }
      split; [exact V|].
      destruct (hcr_shape GUEST_HCR (if n then 0x20000 else 0) (if n then 0x440061c0 else 0x6000) (FREE_HCR n) x) as [H1 H2];
        [destruct n; reflexivity|destruct n; reflexivity|]. split; [exact H1|]. exists n. auto.
  Qed.

  Lemma host_leave_ok F : getter "elr_get" (F "elr_get") -> getter "spsr_get" (F "spsr_get") ->
    spec_own_set B cpu LI (F "pg_set") -> spec_host_leave B cpu (invoke F fuel f_host_leave).
  Proof.
    intros H1 H2 H3 w Hc Hd S [Sh _]. enter. steps. prim H1 S. steps. prim H2 S. steps.
    assert (O : mine cpu w (host_ctx w cpu)) by (left; left; auto).
    apply own_read; [exact I|exact S|]. reduce. change (wrap U64 (w_mem w ("pcpu.host_ctx", [cpu]))) with (host_ctx w cpu). steps.
    eapply wp_mono; [apply H3; [exact Hd|exact O|lia|apply (told_host B); assumption]|]. cbv beta. intros ? ? (-> & ->). steps.
    set (w1 := put_word _ 31 _ w). assert (S1 : secure B w1) by (apply secure_ram, S).
    apply own_read; [exact I|exact S1|]. reduce. change (wrap U64 (w_mem w1 ("pcpu.host_ctx", [cpu]))) with (host_ctx w cpu). steps.
    eapply wp_mono; [apply H3; [exact Hd|exact O|lia|exact (told_host B cpu w1 S1 Hc 32 _ Sh)]|]. cbv beta. intros ? ? (-> & ->). steps.
    split; reflexivity.
  Qed.
End Proofs.
